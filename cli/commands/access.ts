import { text } from 'node:stream/consumers';
import { Failure } from '../../plans/failures.ts';
import { CallerReply, CreatedTokenReply, TokenReply, TokensReply } from '../../server/api/access.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { keepCredential } from '../credentials.ts';
import { printable } from '../render/ink.ts';
import { renderTokens } from '../render/tokens.ts';

/** Tries the token before it is kept. */
export async function login(context: Context): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('token: ');
  const token = process.stdin.isTTY ? await firstLine() : (await text(process.stdin)).trim();
  if (token === '') throw new Failure('USAGE', 'No token came in on standard input.');
  const given = { server: context.server, credential: async () => ({ token, local: false }) };
  const caller = await new ApiClient(given).get('/session', CallerReply);
  const file = await keepCredential(context.server, token, process.env);
  context.tell(caller);
  context.say([`logged in at ${context.server} as ${caller.name}; the token is in ${file}`]);
}

function firstLine(): Promise<string> {
  return new Promise((resolve) => {
    let read = '';
    process.stdin.setEncoding('utf8').on('data', (piece: string) => {
      read += piece;
      if (!read.includes('\n')) return;
      process.stdin.pause();
      resolve(read.split('\n', 1)[0]?.trim() ?? '');
    });
  });
}

export async function logout(context: Context): Promise<void> {
  const file = await keepCredential(context.server, null, process.env);
  context.tell({ server: context.server });
  context.say([`forgot the token for ${context.server} in ${file}`]);
}

export async function whoami(context: Context): Promise<void> {
  const caller = await new ApiClient(context).get('/session', CallerReply);
  context.tell(caller);
  context.say([
    `${printable(caller.name)} at ${context.server}`,
    ...(caller.grants.length === 0 ? ['may do nothing here'] : caller.grants.map((grant) => `  ${grant}`)),
    ...(caller.mayActFor ? ['  may act for others: --as NAME --role ROLE'] : []),
  ]);
}

export async function createToken(
  context: Context,
  name: string,
  { grant, days }: { grant: string[]; days: string },
): Promise<void> {
  const reply = await new ApiClient(context).post(
    '/tokens',
    { name, grants: grant, days: Number(days) },
    CreatedTokenReply,
  );
  context.tell(reply);
  context.say([
    reply.token,
    `for ${printable(reply.name)}: ${reply.grants.join(', ')}; until ${new Date(reply.expiresAt).toISOString().slice(0, 10)}`,
    `it is not shown again; \`tidegate tokens revoke ${reply.id}\` ends it`,
  ]);
}

export async function listTokens(context: Context): Promise<void> {
  const { tokens } = await new ApiClient(context).get('/tokens', TokensReply);
  context.tell({ tokens });
  context.say(renderTokens(printable(tokens), context.page()));
}

export async function revokeToken(context: Context, id: string): Promise<void> {
  const reply = await new ApiClient(context).delete(`/tokens/${encodeURIComponent(id)}`, TokenReply);
  context.tell(reply);
  context.say([`${reply.id} of ${printable(reply.name)} counts no more`]);
}
