import { type FlagAccess, openAccess } from '../flags/access.ts';
import { createEmbeddedProvider } from '../flags/embedded.ts';
import type { EvaluationCounts } from '../flags/evaluation-counts.ts';
import { createForeignProvider, type ForeignProvider } from '../flags/foreign.ts';
import { openPlatforms } from '../flags/platforms/open.ts';
import type { Platform } from '../flags/platforms/platform.ts';
import type { FlagProvider } from '../flags/provider.ts';
import { routeFlags } from '../flags/router.ts';
import { type FlagLog, type FlagService, startFlagService } from '../flags/service.ts';
import { startSweeper } from '../flags/sweeper.ts';
import { type SyncServer, startSync } from '../flags/sync.ts';
import { openTokenAccess } from '../flags/token-access.ts';
import { Failure } from '../plans/failures.ts';
import type { Delivery } from '../server/admission.ts';
import { isLoopback } from '../server/loopback.ts';
import type { Database } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { createPlatformStore } from '../store/platform-flags.ts';
import { createTokenStore } from '../store/tokens.ts';
import type { Config } from './config.ts';

export interface FlagParts {
  service: FlagService;
  /** The flags that Tidegate serves itself; of all others it knows owner and latch. */
  embedded: FlagProvider;
  foreign: ReadonlyMap<string, ForeignProvider>;
  platforms: ReadonlyMap<string, Platform>;
  /** Each flag by the provider that serves it. */
  provider: FlagProvider;
  access: FlagAccess;
  sync: SyncServer | null;
  stop(): Promise<void>;
}

/**
 * Definitions in memory, their sync stream and the provider that writes them. Server and worker each run one, so
 * that an application that loses the one follows the other. `port` 0: no stream.
 * @throws Failure CONFIG_INVALID, PORT_BUSY
 */
export async function startFlagParts(
  config: Config,
  given: { database: Database; port: number; log: FlagLog },
): Promise<FlagParts> {
  const { database, port, log } = given;
  refuseOpenFlags(config);
  const flagStore = createFlagStore(database);
  const service = await startFlagService({
    flagStore,
    databaseUrl: config.database.url,
    dataDir: config.data,
    segments: config.segments,
    log,
  });
  const access = await accessOf(config, database, log);
  const { latches } = service;
  const shared = { flagStore, latches, dataDir: config.data, service };
  const embedded = createEmbeddedProvider(shared);
  const platforms = openPlatforms(config.providers, config.segments);
  const platformStore = createPlatformStore(database);
  const foreign = new Map(
    [...platforms].map(([name, platform]) => [
      name,
      createForeignProvider({ platform, platformStore, ...shared }),
    ]),
  );
  const provider = routeFlags({ embedded, foreign, ...shared });
  const sweeper = startSweeper(foreign.values(), { log });
  try {
    const { host, tls = null } = config.flags;
    const sync = port === 0 ? null : await startSync({ service, access, host, port, tls });
    return {
      service,
      embedded,
      foreign,
      platforms,
      provider,
      access,
      sync,
      stop: async () => {
        await sweeper.stop();
        await sync?.stop();
        await access.stop();
        await service.stop();
      },
    };
  } catch (error) {
    await sweeper.stop();
    await access.stop();
    await service.stop();
    throw error;
  }
}

/** How flags are delivered over HTTP by this configuration. */
export function deliveryOf(
  config: Config,
  { service, access, counts }: Pick<FlagParts, 'service' | 'access'> & { counts: EvaluationCounts },
): Delivery {
  const { publicUrl = null, limit = null, origins } = config.flags;
  return { service, access, publicUrl, limit, origins, counts, now: () => Date.now() };
}

function accessOf(config: Config, database: Database, log: FlagLog): Promise<FlagAccess> {
  if (config.flags.auth === 'off') return Promise.resolve(openAccess);
  return openTokenAccess({
    store: createTokenStore(database),
    databaseUrl: config.database.url,
    dataDir: config.data,
    log,
  });
}

/** Also for a configuration that came from elsewhere than a file. */
function refuseOpenFlags({ flags, server }: Config): void {
  const open = [flags.host, server.host].find((host) => !isLoopback(host));
  if (open === undefined || flags.auth === 'tokens') return;
  throw new Failure('CONFIG_INVALID', `Flags are not served on ${open} to everybody.`, {
    where: open === flags.host ? 'flags.host' : 'server.host',
    details: ['add `auth: tokens` to `flags`, or listen on 127.0.0.1'],
  });
}
