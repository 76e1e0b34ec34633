/** Milliseconds but for `attempts`. */
export interface Timing {
  /** How often the outbox is looked at when nobody kicks. */
  poll: number;
  firstRetry: number;
  lastRetry: number;
  /** A message refused so often is marked and reported on another channel. */
  attempts: number;
  /** The same for a channel that the configuration does not know: waiting does not mend that. */
  unknownAttempts: number;
  /** Longest wait for one send where the channel does not say. */
  deadline: number;
}

export const TIMING: Timing = {
  poll: 500,
  firstRetry: 1000,
  lastRetry: 300_000,
  attempts: 20,
  unknownAttempts: 3,
  deadline: 20_000,
};

/** Doubles with each attempt that failed before; `random` in [0, 1) takes up to a quarter off, so that senders part. */
export function retryDelay(attempts: number, { firstRetry, lastRetry }: Timing, random: number): number {
  return Math.round(Math.min(lastRetry, firstRetry * 2 ** attempts) * (1 - random / 4));
}
