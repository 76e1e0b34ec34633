import type { Plan } from '../plans/plan.ts';
import type { InstanceCounts } from '../plans/sample.ts';
import type { CanaryHalves } from './canary-halves.ts';
import { canarySizes } from './canary-halves.ts';
import type { Dispersion } from './dispersion.ts';
import { errorsBeyond } from './halves.ts';
import type { PollCounts } from './kernel.ts';

/**
 * How many instances the baseline had for each of the canary's since the rollout began: the sum of weights, and of weighted
 * ratios. A poll weighs what its noise does in the evidence.
 */
export type Crowd = readonly [weight: number, ratio: number];

/** More instances than this are a mistake of who counted them. */
const MOST = 1e6;

export function crowdAfter(
  known: Crowd | undefined,
  { instances, counts }: { instances: InstanceCounts | undefined; counts: PollCounts },
): { crowd?: Crowd } {
  const keep = known === undefined ? {} : { crowd: known };
  if (instances === undefined || !areCounted(instances)) return keep;
  const { canaryTotal, baselineTotal } = counts;
  const nH = (canaryTotal * baselineTotal) / (canaryTotal + baselineTotal);
  if (!(nH > 0)) return keep;
  const [weight, ratio] = known ?? [0, 0];
  return { crowd: [weight + nH * nH, ratio + (nH * nH * instances.baseline) / instances.canary] };
}

/** False of what is no number of instances. */
export function areCounted({ baseline, canary }: InstanceCounts): boolean {
  return baseline >= 1 && canary >= 1 && baseline <= MOST && canary <= MOST;
}

/** What is known of the canary's own noise for one series under test. */
export interface CanaryNoise {
  halves: CanaryHalves | undefined;
  /** Instances of the baseline for each of the canary's. 1: not told. */
  ratio: number;
}

/** Instances of the baseline for each of the canary's; 1 where they were not told. */
export function instanceRatio(crowd: Crowd | undefined): number {
  return crowd === undefined || !(crowd[0] > 0) ? 1 : crowd[1] / crowd[0];
}

/**
 * Standard errors by which the canary's halves must exceed what is expected of them: one, as a canary that is believed to be quiet and is
 * not is stopped, and the other error costs time alone. Half of one is added to what they show. It counts in part from one error less on
 * and in full from one more: were it all or nothing, one event more of a worse canary could double its noise.
 */
const ERRORS = 1;
const AROUND = 1;
const ADDED = 0.5;

/**
 * The dispersion between the cohorts, from what the baseline's halves differ by. The mean of a cohort scatters by a quarter of what
 * two equal halves of it differ by, so the difference of two cohorts by a quarter of both sums. Instances of the canary are
 * taken to be like the baseline's, however few, unless its own halves differ by more at any block size: by as much as they do where
 * that is two standard errors more, and in part where it is less. Never less than the baseline's halves: what all
 * instances of a cohort share is not seen between them.
 */
export function betweenCohorts(baseline: Dispersion, noise: CanaryNoise): Dispersion {
  return between({ baseline, ratio: noise.ratio, own: ownDispersion(baseline, noise) });
}

/** What a stop at once must stand. */
interface Firm extends CanaryNoise {
  /** Nothing was measured of the baseline's noise. */
  assumed: boolean;
  /** How many times as noisy as one of the baseline's each of the canary's instances may be. */
  noisier: number;
}

/**
 * The dispersion that a stop at once must stand. Until the canary's own halves tell, and those of a single instance never do, its instances
 * may be so many times as noisy as the baseline's, which are as noisy as what was measured of them may hide.
 */
export function firmDispersion(usual: Dispersion, noise: Firm): Dispersion {
  return between({
    baseline: noise.assumed ? usual : uncovered(usual),
    ratio: noise.ratio * (isMeasured(noise) ? 1 : noise.noisier ** 2),
    // What they show counts once it is more than instances like the baseline's would, however uncertain.
    own: ownDispersion(usual, noise, 0),
  });
}

/** True once the canary's own halves tell something. */
function isMeasured({ halves }: Pick<CanaryNoise, 'halves'>): boolean {
  return halves !== undefined && canarySizes(halves).length > 0;
}

/** By how much of itself a variance is measured too small, and the largest that is believed to be measured at all. */
const HIDDEN = 1.4;
const LARGEST = 0.55;

/**
 * Halves are compared as shares of the rate that both have in the poll. Of two instances that is at most 2, however much they
 * differ: variances of 0.36, 0.72 and 1.44 are measured as 0.23, 0.36 and 0.50.
 */
function uncovered(measured: Dispersion): Dispersion {
  const factor = 1 / (1 - HIDDEN * Math.min(measured(1), LARGEST));
  return (n) => factor * measured(n);
}

/** `ratio`: the variance of the canary's instances for each of the baseline's; `own`: what was measured of them, where it is more. */
function between(of: { baseline: Dispersion; ratio: number; own: Dispersion | null }): Dispersion {
  const { baseline, ratio, own } = of;
  if (own === null && ratio <= ALIKE) return baseline;
  return (n) => {
    const usual = baseline(n);
    const canary = Math.max(ratio * usual, own?.(n) ?? 0);
    return Math.max(usual, (usual + canary) / 4);
  };
}

/** Instances of the baseline for each of the canary's up to which the halves of the baseline differ by more than the cohorts. */
export const ALIKE = 3;

/**
 * Instances of the baseline for each of the canary's from about two on: one that is twice as noisy makes cohorts differ by more than is reckoned with. Where the
 * noise is over with the poll the evidence stands that; where it lasts it does not.
 */
const FEWER = 1.5;
/** Beyond so many it does not in any case. */
const FEW = 2.5;
const NOISIER = 2.5;

/**
 * How many times as noisy as one of the baseline's an instance of the canary may be that nobody could measure.
 * @param of.ratio instances of the baseline for each of the canary's
 * @param of.lasts whether the noise lasts from poll to poll, or nobody knows
 */
export function noisierBy({ analysis }: Plan, of: { ratio: number; lasts: boolean }): number {
  return analysis.canaryNoise ?? (of.ratio > (of.lasts ? FEWER : FEW) ? NOISIER : 1);
}

/** False where no stop ever waits until a canary is ruled out that is noisier. */
export function mayDoubt(plan: Plan, ratio: number): boolean {
  return noisierBy(plan, { ratio, lasts: true }) > 1;
}

/** How many times as much as the baseline's halves cohorts differ by (as variances) whose instances are alike. */
export function withFewer(ratio: number): number {
  return Math.max(1, (1 + ratio) / 4);
}

/**
 * What the canary's halves show, where that is more by so many standard errors than instances like the baseline's would. Beyond the ages that they show it
 * grows as the baseline's noise does, and noise that lasts cannot grow faster than with the age.
 */
function ownDispersion(baseline: Dispersion, noise: CanaryNoise, errors = ERRORS): Dispersion | null {
  const { halves, ratio } = noise;
  const beyond = beyondBaseline(baseline, noise);
  const share = Math.min(1, (beyond - errors + AROUND) / (2 * AROUND));
  if (halves === undefined || !(share > 0)) return null;
  const seen = canarySizes(halves).map(({ found, error }, k) => {
    const age = 2 ** k;
    return { age, found: found + ADDED * error, usual: baseline(age) };
  });
  return (n) => {
    const usual = baseline(n);
    const shown = seen.map((at) => {
      const growth = at.usual > 0 ? usual / at.usual : Math.cbrt(n / at.age);
      return at.found * Math.min(growth, Math.max(1, n / at.age));
    });
    const like = ratio * usual;
    return like + share * Math.max(0, Math.max(...shown) - like);
  };
}

/** Standard errors by which the canary's instances differ by more than as many of the baseline's would. */
function beyondBaseline(baseline: Dispersion, { halves, ratio }: CanaryNoise): number {
  return halves === undefined
    ? Number.NEGATIVE_INFINITY
    : errorsBeyond(canarySizes(halves), (n) => ratio * baseline(n));
}

/** Standard errors of which people are told. */
const CLEAR = 3;

/** True where the canary's instances clearly differ by more than as many of the baseline's would. */
export function isNoisier(baseline: Dispersion, noise: CanaryNoise): boolean {
  return beyondBaseline(baseline, noise) > CLEAR;
}
