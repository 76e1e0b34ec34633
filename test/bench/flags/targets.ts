/** What the slowest hundredth may take, in milliseconds, of what has a target (docs/benchmarks.md). */
const TARGETS = { change: 250, kill: 250, bulk: 20, unchanged: 20 } as const;
export type Targeted = keyof typeof TARGETS;

/** A line for a target that was missed; null: it was met. Requests that failed meet none. */
export function missed(what: Targeted, { p99, failed }: { p99: number; failed: number }): string | null {
  if (failed > 0) return `${what}: ${failed} failed`;
  if (p99 < TARGETS[what]) return null;
  return `${what}: p99 is ${p99.toFixed(1)} ms, and less than ${TARGETS[what]} ms is wanted`;
}

/** What an evaluation, with the dispatcher or without, may take over OpenFeature's SDK with flagd's own provider, in microseconds. */
export const ALLOWED_OVER_US = 5;

/** A line for a way that takes too much more than flagd's own provider; null: it does not. */
export function missedBy(name: string, over: number): string | null {
  if (over <= ALLOWED_OVER_US) return null;
  return `${name}: ${over.toFixed(1)} us over flagd's own provider, and ${ALLOWED_OVER_US} us are allowed`;
}

/** Null: so many changes left the heap as it was, but for what a collection leaves behind. Megabytes. */
export function missedMemory({ before, after }: { before: number; after: number }): string | null {
  if (after <= before * 1.1 + 5) return null;
  return `memory: ${before.toFixed(0)} MB of heap became ${after.toFixed(0)} MB`;
}

/** Null: what was to go on meanwhile did, but for a twentieth of it. A second. */
export function missedRate({ wanted, got }: { wanted: number; got: number }): string | null {
  if (got >= 0.95 * wanted) return null;
  return `writes: ${got.toFixed(0)} a second went on, and ${wanted} are wanted`;
}
