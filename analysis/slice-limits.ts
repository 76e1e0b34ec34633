import type { Severed } from '../plans/assessment.ts';
import type { Limit } from '../plans/limit.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample, SliceSample } from '../plans/sample.ts';
import { ownLimits, severable } from '../plans/slices.ts';
import type { Evidence, SliceEvidence } from './evidence.ts';
import type { LimitWindow } from './limit-window.ts';
import { assessLimits, observeLimits } from './limits.ts';
import { limitReason } from './reason.ts';
import { countWithout, sameLabel } from './without-slices.ts';

/*
 * A tenant whose users all have the canary has no baseline to be compared with. What is known of it without one are the fixed limits
 * of the plan: where it alone crosses one that would roll back, it alone is taken off.
 */

/** One more poll of a slice that the plan takes off by itself; where both cohorts have it the comparison decides, and no limit. */
export function observeOwnLimits(
  known: SliceEvidence,
  { plan, slice, part, t }: { plan: Plan; slice: string; part: SliceSample; t: number },
): Pick<SliceEvidence, 'limits'> {
  const limits = severable(plan).has(slice) ? ownLimits(plan, slice) : [];
  if (limits.length === 0 || known.requests.baseline + part.baseline.requests > 0) return {};
  const { baseline, canary } = part;
  const own = observeLimits(known.limits ?? {}, {
    plan: { ...plan, limits },
    sample: { stage: '', t, baseline, canary },
    expressions: {},
  });
  return { limits: own };
}

/** The slices that have crossed a limit of their own, each once. */
export function limitedSlices({ slices, requests }: Evidence, plan: Plan): Severed[] {
  return [...severable(plan)].flatMap(([slice, who]): Severed[] => {
    const known = slices[slice];
    if (known?.limits === undefined) return [];
    const fired = assessLimits({ ...plan, limits: ownLimits(plan, slice) }, known.limits).find(
      (one) => one.fired,
    );
    const metric = plan.limits.find(({ name }) => name === fired?.limit)?.metric;
    if (fired === undefined || metric === undefined) return [];
    const share = requests.canary > 0 ? Math.min(1, known.requests.canary / requests.canary) : null;
    const reason = `${slice}, with nobody on the old path: ${limitReason(fired, plan)}`;
    return [{ slice, who, metric, severity: 'hard', reason, share }];
  });
}

/**
 * The canary as a limit of the whole counts it: without the slices that are above it by themselves, as these are taken off before
 * they stop the rest. Of one label, so that no request is taken out twice; events can be told from the rest, times cannot.
 */
export function canaryBeside(
  { slices }: Pick<Evidence, 'slices'>,
  sample: Sample,
): (limit: Limit) => CohortSample {
  return (limit) => {
    const worse = Object.entries(slices).filter(
      ([slice, { limits }]) => isAbove(limits?.[limit.name]) && sample.slices?.[slice] !== undefined,
    );
    const { metric } = limit;
    const whole = metric === undefined ? undefined : sample.canary.ratios[metric];
    if (worse.length === 0 || metric === undefined || whole === undefined) return sample.canary;
    const parts = sameLabel(worse.map(([slice]) => slice)).flatMap(
      (slice) => sample.slices?.[slice]?.canary.ratios[metric] ?? [],
    );
    const rest = countWithout(whole, parts);
    return { ...sample.canary, ratios: { ...sample.canary.ratios, [metric]: rest } };
  };
}

function isAbove(window: LimitWindow | undefined): boolean {
  return window !== undefined && window.since !== null;
}
