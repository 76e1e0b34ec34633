import type { Plan } from '../plans/plan.ts';
import { assumedDispersion } from './dispersion.ts';
import type { ValueEvidence } from './evidence.ts';
import { exceeds, varianceOf } from './scatter.ts';

/** Of a sum over n polls, per unit of weight. */
export type Variance = (n: number) => number;

/** Values that never differ have no scatter to be measured by: a thousandth of the level. */
export const LEAST_DEVIATION = 0.001;

/**
 * How far equal cohorts drift apart: what the baseline's halves have shown, else the plan's `noise`, lasting as it is
 * assumed to for counts. The paired differences cannot tell: what lasts in them may be the regression.
 */
export function driftApart(evidence: ValueEvidence, plan: Plan): Variance {
  const usual = betweenEqual(evidence, plan);
  const noisier = noisierCanary(evidence, usual);
  return (n) => Math.max(usual(n), noisier(n));
}

/** The same of cohorts whose instances are alike. */
export function betweenEqual(evidence: ValueEvidence, plan: Plan): Variance {
  const [, W, polls] = evidence.difference;
  const perPoll = polls > 0 ? W / polls : 0;
  const least = Math.max(perPoll * LEAST_DEVIATION ** 2, Number.MIN_VALUE);
  const measured = varianceOf(evidence.twins, { kind: 'zero' });
  if (measured !== null) return (n) => Math.max(measured(n), least);
  const assumed = assumedDispersion(plan.analysis.noise);
  return (n) => Math.max(perPoll * assumed(n), least);
}

/** True where the canary's instances were seen to differ more than the baseline's. */
export function isValueNoisier(evidence: ValueEvidence, plan: Plan): boolean {
  const { canaryTwins } = evidence;
  return canaryTwins !== undefined && exceeds(canaryTwins, betweenEqual(evidence, plan));
}

/**
 * What the cohorts differ by where the canary's halves scatter by two standard errors more than the baseline's, at any block size:
 * each counts with the share of the other, as of means the smaller cohort scatters more. About their mean: one
 * instance whose values are always higher is no scatter.
 */
function noisierCanary(evidence: ValueEvidence, usual: Variance): Variance {
  const { canaryTwins } = evidence;
  if (canaryTwins === undefined || !exceeds(canaryTwins, usual)) return () => 0;
  const own = varianceOf(canaryTwins, { kind: 'mean', since: null });
  if (own === null) return () => 0;
  const [, canary] = evidence.canary;
  const [, baseline] = evidence.baseline;
  const share = baseline + canary > 0 ? baseline / (baseline + canary) : 0.5;
  return (n) => share * own(n) + (1 - share) * usual(n);
}

/** True where only the plan's `noise` says how far equal cohorts drift apart. */
export function isNoiseAssumed(evidence: ValueEvidence): boolean {
  return varianceOf(evidence.twins, { kind: 'zero' }) === null;
}
