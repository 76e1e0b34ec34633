import type { Config } from '../../app/config.ts';
import { Failure, isFailure } from '../../plans/failures.ts';
import { FlagReply, FlagsReply, KillReply, ListedFlag } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { printable } from '../render/ink.ts';
import { renderFlags } from '../render/list.ts';
import { patiently } from '../render/patience.ts';
import { audience } from '../render/words.ts';
import { loadConfiguration } from './processes.ts';

/** A kill must not hang on a server that hangs: after this long the way past it is the better one. */
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
      : [await api.get(address(key, '', options.environment), ListedFlag)];
  context.tell(key === undefined ? { flags: found } : found[0]);
  context.say(renderFlags(printable(found), context.page()));
}

export interface KillOptions {
  environment?: string;
  direct?: boolean;
  reason?: string;
}

/** Past the server by itself where that is away and its configuration is at hand. */
export async function kill(context: Context, key: string, options: KillOptions): Promise<void> {
  if (options.direct === true)
    return killDirectly(context, key, { ...options, config: await loadConfiguration(context), away: null });
  const body = {
    ...(await context.named()),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  const request = { body, reply: KillReply, timeoutMs: KILL_TIMEOUT_MS };
  const path = address(key, '/kill', options.environment);
  const reply = await new ApiClient(context).change(path, request).catch(async (error: unknown) => {
    if (!isFailure(error) || error.code !== 'SERVER_UNREACHABLE') throw error;
    const { directConfig } = await import('../../app/direct-config.ts');
    const { server, configFile } = context;
    const found = await directConfig({ server, configFile, env: process.env });
    if (found.kind === 'none') throw withDetails(error, cannot(key, found.why));
    const away = `${error.message} So the kill went past ${server}, by ${found.file}.`;
    await killDirectly(context, key, { ...options, config: found.config, away });
    return null;
  });
  if (reply === null) return;
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

function cannot(key: string, why: string): string[] {
  return [
    `It could not be killed without the server: ${why}.`,
    `\`tidegate kill ${key} --direct\` works without the server, with its tidegate.yaml by \`--config\`.`,
  ];
}

function withDetails(error: Failure, more: readonly string[]): Failure {
  return new Failure(error.code, error.message, {
    details: [...error.details, ...more],
    ...(error.where === undefined ? {} : { where: error.where }),
    cause: error,
  });
}

/** `away`: why it was not the server that was asked; null: that was asked for. */
async function killDirectly(
  context: Context,
  key: string,
  { config, away, ...options }: KillOptions & { config: Config; away: string | null },
): Promise<void> {
  const { killDirect, wayText } = await import('../../app/kill.ts');
  const wanted = {
    key,
    environment: options.environment ?? null,
    onlyOne: away !== null,
    by: context.user(),
    reason: options.reason ?? 'kill',
  };
  const what = () => `killing ${key} past the server`;
  const done = await patiently(what, () => killDirect(config, wanted)).catch((error: unknown) => {
    throw away !== null && isFailure(error) ? withDetails(error, [away]) : error;
  });
  context.tell({ ...done, ...(away === null ? {} : { away }) });
  context.say([
    ...(away === null ? [] : [away]),
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
