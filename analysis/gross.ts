import type { Dispersion } from './dispersion.ts';
import type { Stretches } from './stretches.ts';

/** How many times as bad as the baseline, over so many seconds, no noise looks like that has evidence against it. */
const GROSS = 15;
const GROSS_FOR = 120;

/** Powers of a shorter time by which it is more, and of a longer one by which it is less: noise that lasts for minutes comes to less over more of them. */
const HARDENS = 0.4;
const EASES = 0.3;

/** Seconds over which it is no less any more. */
const LONGEST = 30 * 60;

/** How much more where only counting says that it is not by chance. */
export const OUTRIGHT = 1.5;

/** How many times as bad as the baseline something is over so many seconds that no noise between cohorts looks like. */
export function grossOver(seconds: number): number {
  const times = GROSS_FOR / Math.min(seconds, LONGEST);
  return GROSS * times ** (times > 1 ? HARDENS : EASES);
}

interface Look {
  /** Polls since the component began, and the seconds of one. */
  age: number;
  poll: number;
  /** Noise between the cohorts, by which a standard error is reckoned. */
  dispersion: Dispersion;
  /** How much more than `grossOver` says. */
  times: number;
}

/**
 * True of a component in which the canary is so many times as bad, by a standard error. Noise is reckoned by the rate of both cohorts, which such a canary
 * lifts itself: by that a canary all of whose requests fail may differ by chance for an hour. By odds, so that nothing is too frequent to become many times as frequent.
 */
export function isGross(stretches: Stretches, { age, poll, dispersion, times }: Look): boolean {
  let [worse, variance, factor, baseline, most, nH] = [0, 0, 0, 0, 0, 0];
  for (let s = 0; s < stretches.length; s++) {
    const [S, V, plainS] = [stretches.S[s] ?? 0, stretches.V[s] ?? 0, stretches.plainS[s] ?? 0];
    const share = 1 - (stretches.c[s] ?? 1);
    worse += plainS;
    variance += V;
    factor += stretches.Q[s] ?? 0;
    nH += stretches.nH[s] ?? 0;
    // V is nH times the rate of both cohorts and (1 - 2 share) of the margin, and the canary has its share in that rate.
    baseline += V - (1 - 2 * share) * (plainS - S) - share * plainS;
    most = Math.max(most, share);
  }
  const known = Math.max(0, baseline);
  // With one event more: of a few polls without any nothing would be so many times.
  const of = { than: times * grossOver(age * poll), other: known + most, nH };
  // Without the error first: that is cheap, and nearly always says no.
  return (
    isTimes(known + worse, of) && isTimes(known + worse - Math.sqrt(variance + dispersion(age) * factor), of)
  );
}

/** Whether the odds of one rate are so many times those of another. The rates are times nH. */
function isTimes(one: number, { than, other, nH }: { than: number; other: number; nH: number }): boolean {
  return one * Math.max(0, nH - other) > than * other * Math.max(0, nH - one);
}
