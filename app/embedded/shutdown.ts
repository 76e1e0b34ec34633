import type { Log } from './child.ts';

export interface ShutdownOptions {
  /** Ends what was started, in order. */
  stop: () => Promise<void>;
  log: Log;
  /** Milliseconds; afterwards we leave anyhow. */
  deadline?: number;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * On the first Ctrl-C (or SIGTERM, or a closed terminal) everything ends in order; on the second at once. Children
 * that are left then are told by the exit hook of `startChild`. Returns how to take the handlers away.
 */
export function endOnSignals({ stop, log, deadline = 40_000 }: ShutdownOptions): () => void {
  let ending = false;
  const handle = (signal: NodeJS.Signals) => {
    const status = signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 129;
    if (ending) process.exit(status);
    ending = true;
    setTimeout(() => process.exit(status), deadline).unref();
    stop()
      .catch((error: unknown) => log(`while ending: ${String(error)}`))
      .finally(() => process.exit(status));
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}
