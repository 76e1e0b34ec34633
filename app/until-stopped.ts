/** Resolves with the signal that asks this process to end; a second one ends it at once. */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    // SIGHUP: the terminal was closed, which must not leave the parts running.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
}

/** Repeats `work` until it succeeds or `stopped` settles; `onFailure` is told each time. Gives null when stopped. */
export async function insist<T>(
  work: () => Promise<T>,
  given: { everyMs: number; stopped: Promise<unknown>; onFailure: (error: unknown) => void },
): Promise<T | null> {
  let over = false;
  void given.stopped.then(() => {
    over = true;
  });
  while (!over) {
    try {
      return await work();
    } catch (error) {
      given.onFailure(error);
      await Promise.race([given.stopped, new Promise((resolve) => setTimeout(resolve, given.everyMs))]);
    }
  }
  return null;
}
