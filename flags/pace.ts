export interface Pace {
  /** The work is wanted: now if the last one is long enough ago, else soon; many wishes meanwhile are one. */
  want(): void;
  stop(): void;
}

/**
 * Does `work` at once when it is wanted, and then not again before as long as it took and at least `leastMs()`: a stream
 * of changes must leave the process time for its other work, and each reader gets the newest of them.
 */
export function createPace(work: () => void, leastMs: () => number): Pace {
  let timer: NodeJS.Timeout | null = null;
  let freeAt = 0;

  function run(): void {
    timer = null;
    const began = performance.now();
    work();
    const ended = performance.now();
    freeAt = ended + Math.max(leastMs(), ended - began);
  }

  return {
    want() {
      if (timer !== null) return;
      const wait = freeAt - performance.now();
      if (wait <= 0) run();
      else timer = setTimeout(run, wait);
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      freeAt = Number.POSITIVE_INFINITY;
    },
  };
}
