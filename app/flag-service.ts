import { createEmbeddedProvider } from '../flags/embedded.ts';
import type { FlagProvider } from '../flags/provider.ts';
import { type FlagLog, type FlagService, startFlagService } from '../flags/service.ts';
import { type SyncServer, startSync } from '../flags/sync.ts';
import { Failure } from '../plans/failures.ts';
import type { Database } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import type { Config } from './config.ts';

export interface FlagParts {
  service: FlagService;
  provider: FlagProvider;
  sync: SyncServer | null;
  stop(): Promise<void>;
}

/**
 * Definitions in memory, their sync stream and the provider that writes them. Server and worker each run one, so
 * that an application that loses the one follows the other. `port` 0: no stream.
 */
export async function startFlagParts(
  config: Config,
  given: { database: Database; port: number; log: FlagLog },
): Promise<FlagParts> {
  const { database, port, log } = given;
  const flagStore = createFlagStore(database);
  const service = await startFlagService({
    flagStore,
    databaseUrl: config.database.url,
    dataDir: config.data,
    segments: config.segments,
    log,
  });
  const provider = createEmbeddedProvider({
    flagStore,
    latches: service.latches,
    dataDir: config.data,
    service,
  });
  try {
    const sync = port === 0 ? null : await startSync({ service, host: config.flags.host, port });
    return {
      service,
      provider,
      sync,
      stop: async () => {
        await sync?.stop();
        await service.stop();
      },
    };
  } catch (error) {
    await service.stop();
    throw error;
  }
}

/** Finds a provider by the name that a plan gives. */
export function providerNamed(embedded: FlagProvider): (name: string) => FlagProvider {
  return (name) => {
    if (name === 'embedded') return embedded;
    throw new Failure('NOT_SUPPORTED', `There is no flag provider "${name}".`);
  };
}
