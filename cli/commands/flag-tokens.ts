import { Failure } from '../../plans/failures.ts';
import { Duration } from '../../plans/units.ts';
import { IssuedTokenReply, TokenReply, TokensReply } from '../../server/api/flag-tokens.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { renderFlagTokens } from '../render/flag-tokens.ts';
import { printable } from '../render/ink.ts';

export async function create(
  context: Context,
  options: { environment: string; name: string; expires?: string },
): Promise<void> {
  const { environment, name, expires } = options;
  const body = {
    environment,
    name,
    expiresIn: expires === undefined ? null : seconds(expires),
  };
  const reply = await new ApiClient(context).post('/flag-tokens', body, IssuedTokenReply);
  context.tell(reply);
  const until =
    reply.expiresAt === null ? 'until it is revoked' : `until ${new Date(reply.expiresAt).toISOString()}`;
  context.say([
    reply.token,
    `opens the flags of ${reply.environment} ${until}; it is kept as a hash and not shown again`,
    `\`tidegate flags tokens revoke ${reply.id}\` ends it`,
  ]);
}

export async function list(context: Context, { environment }: { environment?: string }): Promise<void> {
  const query = environment === undefined ? '' : `?environment=${encodeURIComponent(environment)}`;
  const reply = await new ApiClient(context).get(`/flag-tokens${query}`, TokensReply);
  context.tell(reply);
  context.say(renderFlagTokens(printable(reply.tokens), context.page()));
}

export async function revoke(context: Context, id: string): Promise<void> {
  const path = `/flag-tokens/${encodeURIComponent(idOf(id))}/revoke`;
  const reply = await new ApiClient(context).post(path, {}, TokenReply);
  context.tell(reply);
  context.say([
    `revoked: the token ${reply.id} (${reply.name}) opens the flags of ${reply.environment} no more`,
  ]);
}

/** Somebody who has found a token has it whole. */
function idOf(text: string): string {
  return /^tgflags_([a-z2-7]{10})_/.exec(text)?.[1] ?? text;
}

function seconds(text: string): number {
  const parsed = Duration.safeParse(text);
  if (parsed.success && parsed.data > 0) return parsed.data;
  throw new Failure('USAGE', `--expires ${text} is no duration: write 12h or 90d.`);
}
