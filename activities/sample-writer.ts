import type { SampleRow } from '../store/store.ts';
import type { ActivityParts } from './parts.ts';

/** Rows kept while PostgreSQL is away: a rollout's history and hours of polls. The evidence itself is in the heartbeat. */
const KEEP = 10_000;

/** How long a gate waits for PostgreSQL at a poll, in milliseconds. */
const PATIENCE = 500;

export interface SampleWriter {
  /** Never fails and does not wait for a dead database: a sample is for people, the gate goes on without it. */
  save(...rows: SampleRow[]): Promise<void>;
  flush(): Promise<void>;
}

export function createSampleWriter({ store, log }: Pick<ActivityParts, 'store' | 'log'>): SampleWriter {
  let waiting: SampleRow[] = [];
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const rows = waiting;
      waiting = [];
      try {
        await store.saveSamples(rows);
      } catch (error) {
        waiting = [...rows, ...waiting].slice(-KEEP);
        log.warn({ error: String(error), rows: waiting.length }, 'samples wait for PostgreSQL');
        return;
      }
    }
  }

  function start(): Promise<void> {
    writing ??= write().finally(() => {
      writing = null;
    });
    return writing;
  }

  return {
    save(...rows) {
      waiting.push(...rows);
      return atMost(PATIENCE, start());
    },
    flush: () => start(),
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
