import { setTimeout as sleep } from 'node:timers/promises';
import type { FlagTarget } from '../store/flag-contract.ts';

export interface Refresher {
  /** Reads one flag again, or all, soon and until it succeeds. */
  refresh(target?: FlagTarget): void;
  /** Reads one flag at once, beside whatever is being read: what stops a flag does not wait behind other changes. */
  rush(target: FlagTarget): void;
  /** Resolves after the next successful read of everything, or when that has failed once. */
  first(): Promise<void>;
  stop(): Promise<void>;
}

export interface RefresherOptions {
  /** Reads one flag, or all (null), and puts it into the catalogue. */
  load: (target: FlagTarget | null) => Promise<void>;
  onUp: () => void;
  onDown: (error: unknown) => void;
  /** A read of everything from time to time, in case a notice was lost. */
  pollMs: number;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 1000;
/** Flags that are read one by one; more are read at once, with all others. */
const FEW = 3;

/** Keeps the catalogue like the store: one read at a time but for what stops a flag, as many wishes as may come, for ever again after a failure. */
export function createRefresher({ load, onUp, onDown, pollMs }: RefresherOptions): Refresher {
  const stopping = new AbortController();
  const wanted = new Map<string, FlagTarget>();
  let everything = false;
  let up: boolean | null = null;
  let working = false;
  const rushing = new Set<Promise<void>>();
  let work: Promise<void> = Promise.resolve();
  let attempted: () => void = () => undefined;
  const firstAttempt = new Promise<void>((resolve) => {
    attempted = resolve;
  });

  async function workOff(): Promise<void> {
    let retry = FIRST_RETRY_MS;
    while (!stopping.signal.aborted && (everything || wanted.size > 0)) {
      try {
        await loadWanted();
        retry = FIRST_RETRY_MS;
        if (up !== true) onUp();
        up = true;
        attempted();
      } catch (error) {
        everything = true;
        if (up !== false) onDown(error);
        up = false;
        attempted();
        await sleep(retry, undefined, { signal: stopping.signal }).catch(() => undefined);
        retry = Math.min(retry * 2, LAST_RETRY_MS);
      }
    }
    // In the same turn as the last look at the wishes: one that comes later starts the work again.
    working = false;
  }

  async function loadWanted(): Promise<void> {
    if (everything) {
      everything = false;
      wanted.clear();
      return load(null);
    }
    const targets = [...wanted.values()];
    wanted.clear();
    // One after another they would take longer than the next ones need to come, and a kill would wait for all of them.
    if (targets.length > FEW) return load(null);
    for (const target of targets) await load(target);
  }

  function refresh(target?: FlagTarget): void {
    if (target === undefined) everything = true;
    else wanted.set(JSON.stringify([target.environment, target.key]), target);
    if (working || stopping.signal.aborted) return;
    working = true;
    work = workOff();
  }

  function rush(target: FlagTarget): void {
    if (stopping.signal.aborted) return;
    const read = load(target)
      .catch(() => refresh(target))
      .finally(() => rushing.delete(read));
    rushing.add(read);
  }

  const poll = setInterval(() => refresh(), pollMs);
  return {
    refresh,
    rush,
    first: () => firstAttempt,
    async stop() {
      clearInterval(poll);
      stopping.abort();
      await Promise.all([work, ...rushing]);
    },
  };
}
