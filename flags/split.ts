import type { FlagRecord } from './provider.ts';
import type { Rule } from './rule.ts';

/** All weights of a split sum to this, so one unit is 0.01 % and growing the canary's weight only adds users. */
export const TOTAL = 10_000;

/** Rounds down to the unit of 0.01 %: what is served never exceeds what the plan allows. */
export function weightOf(percent: number): number {
  return Math.min(TOTAL, Math.max(0, Math.floor(percent * 100 + 1e-6)));
}

/** Who gets the exposed variant of the callers that have the sticky key; the others get the baseline. */
export function split(record: FlagRecord, exposed: string, weight: number): Rule {
  const entries: Rule[] = [
    [exposed, weight],
    [record.shape.baseline, TOTAL - weight],
  ];
  const { stickiness } = record.shape;
  // flagd's own default bucketing: the cohort is the one that every provider computes by itself.
  if (stickiness === 'targetingKey') return { fractional: entries };
  const key: Rule = { var: stickiness };
  // Without the attribute `cat` would give one and the same text for everybody: all of them in one cohort.
  const keyed: Rule = { fractional: [{ cat: [{ var: '$flagd.flagKey' }, key] }, ...entries] };
  return { if: [{ '!!': [key] }, keyed, record.shape.baseline] };
}
