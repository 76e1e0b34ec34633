import type { Dispersion } from './dispersion.ts';
import { lnEvidenceOf } from './kernel.ts';
import type { Stretches } from './stretches.ts';
import type { Totals } from './totals.ts';

/** How a kind of metric turns sums into evidence: counts by their bets, values by their variance. */
export interface Yardstick {
  /** ln of the evidence of one component, `age` the polls since it started. The sums are the caller's, and only lent. */
  lnEvidence(stretches: Stretches, age: number): number;
  /** The same by the noise that a stop at once must stand; absent: it is the same noise. */
  lnFirm?: (stretches: Stretches, age: number) => number;
  /** Standard deviation of the sum of the scores at the hard margin. */
  deviation(sums: Totals, age: number): number;
}

/** Counts: Bennett-type bets, the variance widened by what equal cohorts differ at that age. */
export function countYardstick(dispersion: Dispersion, firm = dispersion): Yardstick {
  return {
    lnEvidence: (stretches, age) => lnEvidenceOf(stretches, dispersion(age)),
    ...(firm === dispersion ? {} : { lnFirm: (stretches, age) => lnEvidenceOf(stretches, firm(age)) }),
    deviation: (sums, age) => Math.sqrt(Math.max(0, sums[4] + dispersion(age) * sums[5])),
  };
}
