import type { EvaluationCount, EvaluationStore } from '../store/evaluations.ts';
import type { FlagLog } from './service.ts';

/** Counts what OFREP answers, in memory: two look-ups per answer. */
export interface EvaluationCounts {
  /** One flag was evaluated, one that there is. */
  one(environment: string, key: string): void;
  /** All flags of an environment were. */
  all(environment: string): void;
  /** Writes what was counted. */
  stop(): Promise<void>;
}

/**
 * Adds what was counted to PostgreSQL every minute and at the end. While PostgreSQL is away it counts on and adds later; a
 * process that is killed loses a minute.
 */
export function startEvaluationCounts({
  store,
  log,
  everyMs = 60_000,
}: {
  store: EvaluationStore;
  log: FlagLog;
  everyMs?: number;
}): EvaluationCounts {
  let counts = new Map<string, Map<string | null, number>>();
  const count = (environment: string, key: string | null, by = 1) => {
    const keys = counts.get(environment);
    if (keys === undefined) counts.set(environment, new Map([[key, by]]));
    else keys.set(key, (keys.get(key) ?? 0) + by);
  };
  let troubled = false;
  async function flush(): Promise<void> {
    const taken = counts;
    counts = new Map();
    const rows: EvaluationCount[] = [...taken].flatMap(([environment, keys]) =>
      [...keys].map(([key, number]) => ({ environment, key, count: number })),
    );
    try {
      await store.add(rows);
      troubled = false;
    } catch (error) {
      for (const row of rows) count(row.environment, row.key, row.count);
      // Once: every minute the same would hide everything else.
      if (!troubled) log.warn({ err: error }, 'the counts of evaluations wait for PostgreSQL');
      troubled = true;
    }
  }
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(flush);
  }, everyMs);
  timer.unref();
  return {
    one: count,
    all: (environment) => count(environment, null),
    async stop() {
      clearInterval(timer);
      await running.then(flush);
    },
  };
}
