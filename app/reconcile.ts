import type { FlagProvider } from '../flags/provider.ts';
import { inTurn } from '../plans/in-turn.ts';
import type { RolloutEngine } from '../server/engine.ts';
import type { RolloutStore } from '../store/store.ts';

export interface ReconcilerParts {
  store: Pick<RolloutStore, 'list'>;
  /** Latches stand in PostgreSQL for every provider's flags: no platform is asked every two seconds. */
  flags: Pick<FlagProvider, 'read'>;
  engine: Pick<RolloutEngine, 'killed'>;
  log: { warn(details: object, text: string): void };
  everyMs?: number;
}

/**
 * A kill writes the flag first and tells the workflow second; when Temporal was away, the second half is missing.
 * This compares latched flags with the rollouts that still think they own them and tells those. Telling twice does
 * nothing, so every worker may do it.
 */
export function startReconciler({ store, flags, engine, log, everyMs = 2_000 }: ReconcilerParts): {
  stop(): void;
} {
  let busy = false;
  async function look(): Promise<void> {
    await inTurn(await store.list({ phases: ['submitted', 'active'] }), async (row) => {
      const reading = await flags.read({ environment: row.environment, key: row.flag });
      if (reading?.latch == null || reading.rolloutId !== row.id) return;
      await engine.killed(row.id, {
        by: reading.latch.by,
        reason: reading.latch.reason,
        at: Date.parse(reading.latch.at),
      });
    });
  }
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'latched flags could not be compared with their rollouts'),
      )
      .finally(() => {
        busy = false;
      });
  }, everyMs);
  return { stop: () => clearInterval(timer) };
}
