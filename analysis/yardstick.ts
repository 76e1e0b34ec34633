import type { Dispersion } from './dispersion.ts';
import { lnEvidence } from './kernel.ts';
import type { Totals } from './totals.ts';

/** Sums of one component over one segment, and the bound on an upward jump of its score there. */
export interface Segment {
  sums: Totals;
  c: number;
}

/** How a kind of metric turns sums into evidence: counts by their bets, values by their variance. */
export interface Yardstick {
  /** ln of the evidence of one component, `age` the polls since it started. */
  lnEvidence(segments: readonly Segment[], age: number): number;
  /** Standard deviation of the sum of the scores at the hard margin. */
  deviation(sums: Totals, age: number): number;
}

/** Counts: Bennett-type bets, the variance widened by what equal cohorts differ at that age. */
export function countYardstick(dispersion: Dispersion): Yardstick {
  return {
    lnEvidence: (segments, age) =>
      lnEvidence(
        segments.map(({ sums: [S, V, Q], c }) => ({ S, V, Q, c })),
        dispersion(age),
      ),
    deviation: (sums, age) => Math.sqrt(Math.max(0, sums[4] + dispersion(age) * sums[5])),
  };
}
