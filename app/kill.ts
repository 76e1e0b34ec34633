import { createEmbeddedProvider } from '../flags/embedded.ts';
import { createForeignProvider } from '../flags/foreign.ts';
import { openLatches } from '../flags/latches.ts';
import { openPlatforms } from '../flags/platforms/open.ts';
import { routeFlags } from '../flags/router.ts';
import { loadSnapshots } from '../flags/snapshot.ts';
import { Failure, isFailure } from '../plans/failures.ts';
import { audience } from '../plans/words.ts';
import { openDatabase } from '../store/connection.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { pointOfNoReturn } from '../store/flag-rules.ts';
import { createFlagStore } from '../store/flags.ts';
import { createPlatformStore } from '../store/platform-flags.ts';
import type { Config } from './config.ts';

export interface DirectKill {
  key: string;
  /** Null: every environment that has the flag. */
  environment: string | null;
  by: string;
  reason: string;
}

export interface DirectKillReply {
  environments: string[];
  ways: { way: string; ok: boolean; detail: string }[];
}

/**
 * Kills a flag without the server: in PostgreSQL where it answers, else by a latch in the data folder, which every
 * flag service on that folder honours within 250 ms and hands to PostgreSQL when it is back. One environment past its
 * point of no return refuses the whole order before anything is killed: the caller then names the environments.
 * @throws Failure FLAG_UNKNOWN, POINT_OF_NO_RETURN
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
  const reply: DirectKillReply = { environments: [], ways: [] };
  try {
    const environments =
      kill.environment === null ? await environmentsOf(config, flagStore, kill.key) : [kill.environment];
    if (environments.length === 0)
      throw new Failure('FLAG_UNKNOWN', `There is no flag ${kill.key}.`, { where: config.data });
    const served = everyFlag(config, flagStore).catch((): FlagState[] => []);
    for (const environment of environments) {
      const latch = { by: kill.by, reason: kill.reason, at: new Date().toISOString() };
      const reading = await provider.kill({ environment, key: kill.key }, null, latch);
      reply.environments.push(environment);
      if (reading.offline === true) {
        reply.ways.push({ way: 'PostgreSQL', ok: false, detail: `does not answer at ${database.where}` });
        reply.ways.push({ way: 'latch in the data folder', ok: true, detail: config.data });
      } else {
        reply.ways.push({ way: 'PostgreSQL', ok: true, detail: `revision ${reading.revision}` });
      }
      const flag = (await served).find((each) => each.key === kill.key && each.environment === environment);
      const platform = platforms.get(flag?.shape.provider ?? '');
      if (platform !== undefined) {
        const { name, kind, where } = platform;
        const detail = `${kind} ${where} gives the canary to ${audience(reading.exposure)}, read back`;
        reply.ways.push({ way: `platform "${name}"`, ok: true, detail });
      }
    }
    return reply;
  } finally {
    await database.close();
  }
}

async function environmentsOf(
  config: Config,
  store: ReturnType<typeof createFlagStore>,
  key: string,
): Promise<string[]> {
  const found = (await everyFlag(config, store)).filter((flag) => flag.key === key);
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
