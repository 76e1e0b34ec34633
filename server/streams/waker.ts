/** Wakes who waits; a wake that comes while nobody waits is kept for the next who does. */
export interface Waker {
  wake(): void;
  /** Returns at a wake, after `ms`, or when the signal comes. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWaker(): Waker {
  let kept = false;
  let waiting: (() => void) | null = null;
  return {
    wake() {
      kept = true;
      waiting?.();
    },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          waiting = null;
          kept = false;
          resolve();
        }
        waiting = done;
        signal.addEventListener('abort', done);
        if (kept || signal.aborted) done();
      }),
  };
}
