import type { SampleRow } from '../store/store.ts';
import type { ActivityParts } from './parts.ts';

/** Rows kept while PostgreSQL is away; about four hours of one gate at 15 s. The evidence itself is in the heartbeat. */
const KEEP = 1_000;

export interface SampleWriter {
  /** Never waits and never fails: a sample is for people to look at, the gate goes on without it. */
  save(row: SampleRow): void;
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
    save(row) {
      waiting.push(row);
      void start();
    },
    flush: () => start(),
  };
}
