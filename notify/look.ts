import type { Log } from './log.ts';

/**
 * Looks again and again whether something is due, never twice at once. What fails is logged as `what` and tried again at the next
 * look.
 */
export function startLooking(
  look: () => Promise<void>,
  { everyMs, what, log }: { everyMs: number; what: string; log: Log },
): { stop(): Promise<void> } {
  let working: Promise<void> | null = null;
  const now = () => {
    working ??= look()
      .catch((error: unknown) => log.warn({ err: error }, `${what}; it is tried again`))
      .finally(() => {
        working = null;
      });
  };
  const timer = setInterval(now, everyMs);
  now();
  return {
    async stop() {
      clearInterval(timer);
      await working;
    },
  };
}
