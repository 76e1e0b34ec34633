import { within } from '../flags/deadline.ts';
import { createEmbeddedProvider } from '../flags/embedded.ts';
import { createForeignProvider } from '../flags/foreign.ts';
import { openLatches } from '../flags/latches.ts';
import { openPlatforms } from '../flags/platforms/open.ts';
import { routeFlags } from '../flags/router.ts';
import { loadSnapshots } from '../flags/snapshot.ts';
import { Failure, isFailure } from '../plans/failures.ts';
import { ENDED } from '../plans/view.ts';
import { audience } from '../plans/words.ts';
import { onlyWatched } from '../server/kill.ts';
import { openDatabase } from '../store/connection.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { pointOfNoReturn } from '../store/flag-rules.ts';
import { createFlagStore } from '../store/flags.ts';
import { createPlatformStore } from '../store/platform-flags.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import type { RolloutRow } from '../store/store.ts';
import type { Config } from './config.ts';

/** How long it may be asked whether the flag is only read. */
const LOOKUP_MS = 1_000;

export interface DirectKill {
  key: string;
  /** Null: every environment that has the flag. */
  environment: string | null;
  /** Without an environment: refuse a flag that has several (`USAGE`), as the server does. */
  onlyOne?: boolean;
  by: string;
  reason: string;
}

export interface DirectKillReply {
  environments: string[];
  ways: { environment: string; way: string; ok: boolean; detail: string }[];
}

/**
 * Kills a flag without the server: in PostgreSQL where it answers, else by a latch in the data folder, which every
 * flag service on that folder honours within 250 ms and hands to PostgreSQL when it is back. One environment past its
 * point of no return refuses the whole order before anything is killed: the caller then names the environments. Otherwise
 * each is tried, whatever becomes of the others, and those that failed are named together.
 * @throws Failure FLAG_UNKNOWN, FLAG_WATCHED, USAGE, POINT_OF_NO_RETURN, and what the first environment failed with
 */
export async function killDirect(config: Config, kill: DirectKill): Promise<DirectKillReply> {
  const database = openDatabase(config.database.url, { max: 1, statementTimeoutMs: 2_000 });
  const flagStore = createFlagStore(database);
  const shared = { flagStore, latches: openLatches(config.data), dataDir: config.data };
  const platforms = openPlatforms(config.providers, config.segments);
  const platformStore = createPlatformStore(database);
  const foreign = new Map(
    [...platforms].map(([name, platform]) => [
      name,
      createForeignProvider({ platform, platformStore, ...shared }),
    ]),
  );
  const provider = routeFlags({ embedded: createEmbeddedProvider(shared), foreign, ...shared });
  try {
    const flags = everyFlag(config, flagStore);
    const served = flags.catch((): FlagState[] => []);
    const environments =
      kill.environment === null ? environmentsOf(await flags, kill.key) : [kill.environment];
    await refuseWatched(createRolloutStore(database), {
      key: kill.key,
      environment: kill.environment,
      served,
    });
    if (environments.length === 0)
      throw new Failure('FLAG_UNKNOWN', `There is no flag ${kill.key}.`, { where: config.data });
    if (kill.onlyOne === true && environments.length > 1)
      throw new Failure('USAGE', `The flag ${kill.key} has several environments: name one.`, {
        details: environments.toSorted(),
      });
    const killIn = async (environment: string): Promise<DirectKillReply['ways']> => {
      const latch = { by: kill.by, reason: kill.reason, at: new Date().toISOString() };
      const reading = await provider.kill({ environment, key: kill.key }, null, latch);
      const kept =
        reading.offline === true
          ? [
              { way: 'PostgreSQL', ok: false, detail: `does not answer at ${database.where}` },
              { way: 'latch in the data folder', ok: true, detail: config.data },
            ]
          : [{ way: 'PostgreSQL', ok: true, detail: `revision ${reading.revision}` }];
      const flag = (await served).find((each) => each.key === kill.key && each.environment === environment);
      const platform = platforms.get(flag?.shape.provider ?? '');
      if (platform !== undefined) {
        const { name, kind, where } = platform;
        const detail = `${kind} ${where} gives the canary to ${audience(reading.exposure)}, read back`;
        kept.push({ way: `platform "${name}"`, ok: true, detail });
      }
      return kept.map((way) => ({ environment, ...way }));
    };
    // A platform that hangs holds up no other environment.
    const tried = await Promise.allSettled(environments.map(killIn));
    return outcome(kill.key, environments, tried);
  } finally {
    await database.close();
  }
}

/** What was done; one failure that names every environment that failed, and what was done in the others. */
function outcome(
  key: string,
  environments: readonly string[],
  tried: readonly PromiseSettledResult<DirectKillReply['ways']>[],
): DirectKillReply {
  const failed = tried.flatMap((result, i) =>
    result.status === 'rejected'
      ? [{ environment: environments[i] ?? '', error: result.reason as unknown }]
      : [],
  );
  const ways = tried.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const [first] = failed;
  if (first === undefined) return { environments: [...environments], ways };
  if (environments.length === 1) throw first.error;
  const done = environments.filter((name) => failed.every(({ environment }) => environment !== name));
  const names = failed.map(({ environment }) => environment).join(', ');
  const elsewhere = done.length === 0 ? 'in no environment' : `only in ${done.join(', ')}`;
  throw new Failure(
    isFailure(first.error) ? first.error.code : 'INTERNAL',
    `The kill of ${key} is not finished in ${names}; it is done ${elsewhere}.`,
    {
      cause: first.error,
      details: [
        ...failed.flatMap(({ environment, error }) => [
          `${environment}: not done: ${error instanceof Error ? error.message : String(error)}`,
          ...(isFailure(error) ? error.details.map((detail) => `${environment}: ${detail}`) : []),
        ]),
        ...ways.map((way) => `${way.environment}: ${wayText(way)}`),
      ],
    },
  );
}

/** One way of a kill, for people. */
export function wayText({ way, ok, detail }: Omit<DirectKillReply['ways'][number], 'environment'>): string {
  return `${ok ? 'done' : 'not done'}: ${way}${detail === '' ? '' : ` (${detail})`}`;
}

/** Nothing would be stopped where the flag is only read: a kill that said otherwise would be believed. */
async function refuseWatched(
  rollouts: Pick<ReturnType<typeof createRolloutStore>, 'list'>,
  { key, environment, served }: { key: string; environment: string | null; served: Promise<FlagState[]> },
): Promise<void> {
  const here = environment === null ? {} : { environment };
  // Where PostgreSQL is away a kill goes on: it may only do less than it says for a flag that nobody here serves.
  const lookup = within(LOOKUP_MS, rollouts.list({ flag: key, ...here, limit: 20 }));
  for (const row of await lookup.catch((): RolloutRow[] => [])) {
    const known = (await served).some((flag) => flag.key === key && flag.environment === row.environment);
    const refusal = known || ENDED.includes(row.phase) ? null : onlyWatched(row);
    if (refusal !== null) throw refusal;
  }
}

function environmentsOf(flags: readonly FlagState[], key: string): string[] {
  const found = flags.filter((flag) => flag.key === key);
  for (const flag of found) {
    const refusal = pointOfNoReturn(flag);
    if (refusal !== null) throw refusal;
  }
  return found.map(({ environment }) => environment);
}

async function everyFlag(config: Config, store: ReturnType<typeof createFlagStore>): Promise<FlagState[]> {
  try {
    return await store.list();
  } catch (error) {
    if (!isFailure(error) || error.code !== 'POSTGRES_UNREACHABLE') throw error;
    return loadSnapshots(config.data);
  }
}
