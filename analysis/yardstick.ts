import type { Dispersion } from './dispersion.ts';
import { isGross, OUTRIGHT } from './gross.ts';
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

/**
 * Counts: Bennett-type bets, the variance widened by what equal cohorts differ at that age. With the seconds of a poll it is that of counting alone where the canary is so many
 * times as bad that no noise looks like it.
 */
export function countYardstick(
  dispersion: Dispersion,
  { firm, poll }: { firm?: Dispersion; poll?: number } = {},
): Yardstick {
  const by = (noise: Dispersion, times: number): Yardstick['lnEvidence'] =>
    poll === undefined
      ? (stretches, age) => lnEvidenceOf(stretches, noise(age))
      : (stretches, age) =>
          lnEvidenceOf(stretches, isGross(stretches, { age, poll, dispersion, times }) ? 0 : noise(age));
  return {
    lnEvidence: by(dispersion, OUTRIGHT),
    // Asked where the usual noise has evidence: less is enough.
    ...(firm === undefined ? {} : { lnFirm: by(firm, 1) }),
    deviation: (sums, age) => Math.sqrt(Math.max(0, sums[4] + dispersion(age) * sums[5])),
  };
}
