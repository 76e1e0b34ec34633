import type { FlagState } from '../store/flag-contract.ts';
import { saveSnapshot } from './snapshot.ts';

export interface SnapshotWriter {
  /** Keeps these definitions on disk soon; of several wishes only the last is written. */
  save(environment: string, flags: readonly FlagState[]): void;
  /** Writes what is still to be written. */
  stop(): Promise<void>;
}

/** Serving never waits for the disk, and a disk that refuses is told once and tried again with the next change. */
export function createSnapshotWriter(
  dataDir: string,
  log: { warn(details: object, message: string): void },
): SnapshotWriter {
  const wanted = new Map<string, readonly FlagState[]>();
  const written = new Map<string, string>();
  let working = false;
  let work: Promise<void> = Promise.resolve();
  let broken = false;

  async function workOff(): Promise<void> {
    for (let next = take(); next !== undefined; next = take()) {
      const [environment, flags] = next;
      const text = JSON.stringify(flags);
      if (written.get(environment) === text) continue;
      try {
        await saveSnapshot(dataDir, environment, flags);
        written.set(environment, text);
        broken = false;
      } catch (error) {
        if (!broken) log.warn({ err: error, environment }, 'flag definitions cannot be kept on disk');
        broken = true;
      }
    }
    // In the same turn as the last look: a wish that comes later starts the work again.
    working = false;
  }

  function take(): [string, readonly FlagState[]] | undefined {
    const next = wanted.entries().next().value;
    if (next !== undefined) wanted.delete(next[0]);
    return next;
  }

  return {
    save(environment, flags) {
      wanted.set(environment, flags);
      if (working) return;
      working = true;
      work = workOff();
    },
    stop: () => work,
  };
}
