import type { CohortCounts } from '../plans/breakdown.ts';
import { lnEvidence, score } from './kernel.ts';

export const NO_COUNTS: CohortCounts = {
  canaryEvents: 0,
  canaryTotal: 0,
  baselineEvents: 0,
  baselineTotal: 0,
};

/** Part of a breakdown: its counts of bad events window by window, and over all of them. */
export interface Cell {
  value: string;
  windows: readonly CohortCounts[];
  sum: CohortCounts;
}

/** `good`: the plan counts the good events. */
export function cellOf(value: string, windows: readonly CohortCounts[], good: boolean): Cell {
  const bad = good ? windows.map(turned) : windows;
  return { value, windows: bad, sum: bad.reduce(plus, NO_COUNTS) };
}

/** The same window in the other outcome. */
export function turned(counts: CohortCounts): CohortCounts {
  return {
    ...counts,
    canaryEvents: counts.canaryTotal - counts.canaryEvents,
    baselineEvents: counts.baselineTotal - counts.baselineEvents,
  };
}

export function plus(a: CohortCounts, b: CohortCounts): CohortCounts {
  return {
    canaryEvents: a.canaryEvents + b.canaryEvents,
    canaryTotal: a.canaryTotal + b.canaryTotal,
    baselineEvents: a.baselineEvents + b.baselineEvents,
    baselineTotal: a.baselineTotal + b.baselineTotal,
  };
}

/** Several cells as one. */
export function together(value: string, cells: readonly Cell[]): Cell {
  const count = Math.max(0, ...cells.map(({ windows }) => windows.length));
  const windows = Array.from({ length: count }, (_, i) =>
    cells.reduce((sum, cell) => plus(sum, cell.windows[i] ?? NO_COUNTS), NO_COUNTS),
  );
  return { value, windows, sum: windows.reduce(plus, NO_COUNTS) };
}

/** Null where there are no trials. */
export function rateOf(events: number, total: number): number | null {
  return total > 0 ? events / total : null;
}

export interface Doubt {
  /** By how much worse it may be. */
  margin: number;
  /** The variance between equal cohorts. */
  G: number;
  /** Whose noise counts: that of the rarer outcome, as at the gate. */
  counted: 'bad' | 'good';
}

/**
 * ln of the evidence that the canary's rate of bad events is beyond the baseline's and a margin: the gate's kernel,
 * each window a stratum, as one component. Null where no window has both cohorts.
 */
export function lnWorse(windows: readonly CohortCounts[], { margin, G, counted }: Doubt): number | null {
  const both = windows.filter(({ canaryTotal, baselineTotal }) => canaryTotal > 0 && baselineTotal > 0);
  if (both.length === 0) return null;
  const sums = { S: 0, V: 0, Q: 0, c: 0 };
  for (const window of both) {
    const counts = counted === 'good' ? exchanged(window) : window;
    const { y, V, Q } = score(counts, margin);
    sums.S += y;
    sums.V += V;
    sums.Q += Q;
    // The largest jump that one event can make, here where a value's share of the canary is not the stage's.
    sums.c = Math.max(sums.c, counts.baselineTotal / (counts.canaryTotal + counts.baselineTotal));
  }
  const lnE = lnEvidence([sums], G);
  return Number.isFinite(lnE) ? lnE : 0;
}

/** Fewer good events of the canary are more of the baseline. */
function exchanged(counts: CohortCounts): CohortCounts {
  const { canaryEvents, canaryTotal, baselineEvents, baselineTotal } = turned(counts);
  return {
    canaryEvents: baselineEvents,
    canaryTotal: baselineTotal,
    baselineEvents: canaryEvents,
    baselineTotal: canaryTotal,
  };
}
