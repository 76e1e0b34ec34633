/** What the slowest hundredth may take, in milliseconds, of what has a target (docs/benchmarks.md). */
const TARGETS = { change: 250, kill: 250, bulk: 20 } as const;
export type Targeted = keyof typeof TARGETS;

/** A line for a target that was missed; null: it was met. Requests that failed meet none. */
export function missed(what: Targeted, { p99, failed }: { p99: number; failed: number }): string | null {
  if (failed > 0) return `${what}: ${failed} failed`;
  if (p99 < TARGETS[what]) return null;
  return `${what}: p99 is ${p99.toFixed(1)} ms, and less than ${TARGETS[what]} ms is wanted`;
}
