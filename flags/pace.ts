export interface Pace {
  /**
   * The work is wanted: now if the last one is long enough ago or it is `urgent`, else soon; many wishes meanwhile are one.
   */
  want(urgent?: boolean): void;
  stop(): void;
}

/**
 * Does `work` at once when it is wanted, and then not again before as long as it took and at least `leastMs()`: a stream
 * of changes must leave the process time for its other work, and each reader gets the newest of them.
 */
export function createPace(work: () => void, leastMs: () => number): Pace {
  let timer: NodeJS.Timeout | null = null;
  let freeAt = 0;
  let stopped = false;

  function run(): void {
    timer = null;
    const began = performance.now();
    work();
    const ended = performance.now();
    freeAt = ended + Math.max(leastMs(), ended - began);
  }

  return {
    want(urgent = false) {
      if (stopped || (timer !== null && !urgent)) return;
      const wait = freeAt - performance.now();
      if (timer !== null) clearTimeout(timer);
      if (urgent || wait <= 0) run();
      else timer = setTimeout(run, wait);
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
      stopped = true;
    },
  };
}
