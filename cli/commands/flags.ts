import { Failure, isFailure } from '../../plans/failures.ts';
import { FlagReply, FlagsReply, KillReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { printable } from '../render/ink.ts';
import { renderFlags } from '../render/list.ts';
import { audience } from '../render/words.ts';
import { loadConfiguration } from './processes.ts';

/** A kill must not hang on a server that hangs: after this long `--direct` is the better way. */
const KILL_TIMEOUT_MS = 5000;

function address(key: string, verb: string, environment: string | undefined): string {
  const query = environment === undefined ? '' : `?environment=${encodeURIComponent(environment)}`;
  return `/flags/${encodeURIComponent(key)}${verb}${query}`;
}

export async function flags(
  context: Context,
  key: string | undefined,
  options: { environment?: string },
): Promise<void> {
  const api = new ApiClient(context);
  const found =
    key === undefined
      ? (await api.get('/flags', FlagsReply)).flags.filter(
          (flag) => options.environment === undefined || flag.environment === options.environment,
        )
      : [await api.get(address(key, '', options.environment), FlagReply)];
  context.tell(key === undefined ? { flags: found } : found[0]);
  context.say(renderFlags(printable(found), context.page()));
}

export interface KillOptions {
  environment?: string;
  direct?: boolean;
  reason?: string;
}

export async function kill(context: Context, key: string, options: KillOptions): Promise<void> {
  if (options.direct === true) return killDirectly(context, key, options);
  const body = {
    ...(await context.named()),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  const reply = await new ApiClient(context)
    .change(address(key, '/kill', options.environment), {
      body,
      reply: KillReply,
      timeoutMs: KILL_TIMEOUT_MS,
    })
    .catch((error: unknown) => {
      if (!isFailure(error) || error.code !== 'SERVER_UNREACHABLE') throw error;
      throw new Failure('SERVER_UNREACHABLE', error.message, {
        details: [...error.details, `\`tidegate kill ${key} --direct\` works without the server.`],
        ...(error.where === undefined ? {} : { where: error.where }),
      });
    });
  context.tell(reply);
  context.say([
    `killed: ${reply.flag} in ${reply.environment} gives the canary to ${audience(reply.exposure)} (revision ${reply.revision})`,
    ...(reply.offline
      ? ['PostgreSQL does not answer: the kill stands in the data folder and is carried over later']
      : []),
    ...told(reply),
    `nothing raises it again until \`tidegate unlock ${reply.flag} --reason "..."\``,
  ]);
}

function told(reply: KillReply): string[] {
  if (reply.rolloutId === null) return ['no rollout moves this flag'];
  return reply.workflowTold
    ? [`its rollout ${reply.rolloutId} knows`]
    : [
        `its rollout ${reply.rolloutId} could not be told yet; the flag stays down and the rollout follows later`,
      ];
}

async function killDirectly(context: Context, key: string, options: KillOptions): Promise<void> {
  const [{ killDirect, wayText }, config] = await Promise.all([
    import('../../app/kill.ts'),
    loadConfiguration(context),
  ]);
  const done = await killDirect(config, {
    key,
    environment: options.environment ?? null,
    by: context.user(),
    reason: options.reason ?? 'kill',
  });
  context.tell(done);
  context.say([
    `killed: ${key} in ${done.environments.join(', ')}`,
    ...done.ways.map(
      (way) => `  ${done.environments.length === 1 ? '' : `${way.environment}: `}${wayText(way)}`,
    ),
    `nothing raises it again until \`tidegate unlock ${key} --reason "..."\``,
  ]);
}

export async function unlock(
  context: Context,
  key: string,
  options: { environment?: string; reason: string },
): Promise<void> {
  const reply = await new ApiClient(context).change(address(key, '/unlock', options.environment), {
    body: { ...(await context.named()), reason: options.reason },
    reply: FlagReply,
  });
  context.tell(reply);
  context.say([
    `unlocked: rollouts may raise ${reply.key} in ${reply.environment} again; its exposure stays ${audience(reply.exposure)}`,
  ]);
}
