export interface Rotation<T> {
  /** Each of these is wanted once more; who waits already keeps its place, so that nobody waits for ever. */
  want(items: Iterable<T>): void;
  /** All of these, and all that wait, now: what is urgent is not spread. */
  rush(items: Iterable<T>): void;
  drop(item: T): void;
  stop(): void;
}

/** Longer than this the process does nothing else. */
const SLICE_MS = 4;
const PAUSE_MS = 4;
/** A few items are no load, however often they are wanted. */
const LEAST_BURST = 20;

/**
 * Does `work` for each item that is wanted, in the order of the wishes: as fast as it can after a quiet time, and no faster
 * than one item in `msPerItem` while wishes follow one another. So a steady stream of them never has more than a few
 * items under way, and what is urgent finds nearly all of them idle.
 */
export function createRotation<T>({
  work,
  msPerItem,
  all,
}: {
  work: (item: T) => void;
  msPerItem: number;
  /** How many items there are: so many are done at once after a quiet time. */
  all: () => number;
}): Rotation<T> {
  const waiting = new Set<T>();
  let timer: NodeJS.Timeout | null = null;
  /** Until when the work that was done fills the time, at the steady pace (milliseconds of `performance.now`). */
  let filledUntil = 0;

  /** How many may be done now; part of one will do for one. */
  function allowance(): number {
    const now = performance.now();
    filledUntil = Math.max(filledUntil, now - Math.max(all(), LEAST_BURST) * msPerItem);
    return (now - filledUntil) / msPerItem;
  }

  function slice(): void {
    timer = null;
    const until = performance.now() + SLICE_MS;
    let left = allowance();
    for (const item of waiting) {
      if (left <= 0 || performance.now() > until) break;
      waiting.delete(item);
      work(item);
      left -= 1;
      filledUntil += msPerItem;
    }
    plan(left > 0 ? 0 : PAUSE_MS);
  }

  function plan(afterMs: number): void {
    if (waiting.size > 0 && timer === null) timer = setTimeout(slice, afterMs);
  }

  return {
    want(items) {
      for (const item of items) waiting.add(item);
      if (timer === null) slice();
    },
    rush(items) {
      const now = new Set([...items, ...waiting]);
      waiting.clear();
      for (const item of now) work(item);
      filledUntil = performance.now();
    },
    drop: (item) => void waiting.delete(item),
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      waiting.clear();
    },
  };
}
