import type { LatencyMetric, RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Rejection, Sample } from '../plans/sample.ts';
import { coverageOf, planSlices, sliceMetrics } from '../plans/slices.ts';
import { assumedDispersion } from './dispersion.ts';
import type { Evidence, LatencyEvidence, RatioEvidence, SliceEvidence } from './evidence.ts';
import { sliceLearnt } from './history.ts';
import { enterLatency, observeLatency, openLatency } from './latency.ts';
import type { Finding } from './metric-findings.ts';
import { findMetric } from './metric-findings.ts';
import { enterRatio, observeRatio, openRatio } from './ratio.ts';
import { observeOwnLimits } from './slice-limits.ts';
import { cohortFaults, withSoundHalves } from './soundness.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { dispersionsOf } from './stage.ts';

type Counts = RatioEvidence | LatencyEvidence;

interface Frame {
  plan: Plan;
  frame: StageFrame;
  context: GateContext;
}

function openMetric(metric: RatioMetric | LatencyMetric): Counts {
  return metric.kind === 'ratio' ? openRatio() : openLatency();
}

function openSlice(plan: Plan, slice: string): SliceEvidence {
  const metrics = sliceMetrics(plan, slice).map((metric) => [metric.name, openMetric(metric)] as const);
  return {
    users: null,
    requests: { baseline: 0, canary: 0 },
    missing: null,
    metrics: Object.fromEntries(metrics),
  };
}

/** The slices of a rollout that has not begun. */
export function openSlices(plan: Plan): Evidence['slices'] {
  return Object.fromEntries(planSlices(plan).map((slice) => [slice, openSlice(plan, slice)]));
}

/** A stage is entered: what was seen of the slices begins again, the evidence against them goes on. */
export function enterSlices(evidence: Evidence, at: Frame): Evidence['slices'] {
  const entered = planSlices(at.plan).map((slice) => {
    const known = evidence.slices[slice];
    const metrics = sliceMetrics(at.plan, slice).map((metric) => {
      const before = known?.metrics[metric.name] ?? openMetric(metric);
      return [
        metric.name,
        enterMetric(before, metric, ofSlice(evidence, { metric: metric.name, slice }, at)),
      ] as const;
    });
    return [slice, { ...openSlice(at.plan, slice), metrics: Object.fromEntries(metrics) }] as const;
  });
  return Object.fromEntries(entered);
}

function enterMetric(known: Counts, metric: RatioMetric | LatencyMetric, at: Frame): Counts {
  if (known.kind === 'ratio') return enterRatio(known, at.frame);
  return metric.kind === 'latency' ? enterLatency(known, { ...at, metric }) : known;
}

/**
 * What a metric's test needs to know in a slice. Its noise is measured on the slice's own halves, before the rollout and in it; until
 * they tell, the larger of the metric's and of the plan's assumption stands in, as a part of the traffic scatters no less than the
 * whole. Its latency edges are its own too: a slice may be slower than the rest.
 */
export function sliceContext(
  evidence: Pick<Evidence, 'metrics'>,
  { plan, context, metric, slice }: { plan: Plan; context: GateContext; metric: string; slice: string },
): GateContext {
  const whole = dispersionsOf({ plan, context, metric }, evidence.metrics[metric] ?? { halves: [] });
  const curves = [assumedDispersion(plan.analysis.noise), ...whole];
  const fallback = (n: number) => Math.max(...curves.map((curve) => curve(n)));
  const own = sliceLearnt({ dispersion: {}, edges: {}, ...context }, slice);
  return { ...context, ...own, fallback };
}

function ofSlice(
  evidence: Pick<Evidence, 'metrics'>,
  of: { metric: string; slice: string },
  at: Frame,
): Frame {
  return { ...at, context: sliceContext(evidence, { ...at, ...of }) };
}

/** One poll of every slice. A slice that the sample lacks, or of which it lacks a metric, is missing from then on. */
export function observeSlices(evidence: Evidence, poll: Frame & { sample: Sample }): Evidence['slices'] {
  const slices = planSlices(poll.plan).map((slice) => {
    const known = evidence.slices[slice] ?? openSlice(poll.plan, slice);
    return [slice, observeSlice(known, evidence, { ...poll, slice })] as const;
  });
  return Object.fromEntries(slices);
}

function observeSlice(
  known: SliceEvidence,
  evidence: Evidence,
  poll: Frame & { sample: Sample; slice: string },
): SliceEvidence {
  const { plan, sample } = poll;
  const missing = known.missing ?? sample.t - plan.source.poll;
  const found = sample.slices?.[poll.slice];
  if (found === undefined) return { ...known, missing };
  const { baseline, canary } = found;
  if (cohortFaults('', baseline).length > 0 || cohortFaults('', canary).length > 0)
    return { ...known, missing };
  const part = withSoundHalves({ ...found, stage: sample.stage, t: sample.t });
  let whole = true;
  const metrics = sliceMetrics(plan, poll.slice).map((metric) => {
    const before = known.metrics[metric.name] ?? openMetric(metric);
    const after = observeMetric(before, metric, {
      ...ofSlice(evidence, { metric: metric.name, slice: poll.slice }, poll),
      sample: part,
    });
    whole &&= after !== null && after.missing === null;
    return [metric.name, after ?? before] as const;
  });
  return {
    users: canary.users ?? known.users,
    requests: {
      baseline: known.requests.baseline + baseline.requests,
      canary: known.requests.canary + canary.requests,
    },
    missing: whole ? null : missing,
    metrics: Object.fromEntries(metrics),
    ...observeOwnLimits(known, { plan, slice: poll.slice, part: found, t: sample.t }),
  };
}

function observeMetric(
  known: Counts,
  metric: RatioMetric | LatencyMetric,
  poll: Frame & { sample: Sample },
): Counts | null {
  if (known.kind === 'ratio' && metric.kind === 'ratio')
    return observeRatio(known, { ...poll, metric })?.evidence ?? null;
  if (known.kind === 'latency' && metric.kind === 'latency')
    return observeLatency(known, { ...poll, metric })?.evidence ?? null;
  return null;
}

/** What the gate finds in every slice, for each of its metrics. Proof is asked of the whole only. */
export function findSlices(evidence: Pick<Evidence, 'metrics' | 'slices'>, look: Frame): Finding[] {
  return Object.entries(evidence.slices).flatMap(([slice, known]) =>
    sliceMetrics(look.plan, slice).map((metric) => {
      const finding = findMetric(known, metric, ofSlice(evidence, { metric: metric.name, slice }, look));
      return {
        ...finding,
        slice,
        exceedances: null,
        improved: null,
        assessment: { ...finding.assessment, slice, proven: null },
      };
    }),
  );
}

/** What the stage must see of slices and lacks in the latest poll. */
export function missingSlices(
  { slices, t }: Evidence,
  of: { plan: Plan; stage: number; after?: number },
): string[] {
  return coverageOf(of.plan, of.stage)
    .map(({ slice }) => slice)
    .filter((slice) => {
      const missing = slices[slice]?.missing ?? null;
      return missing !== null && t !== null && t - missing >= (of.after ?? 0);
    });
}

/** In the words of what is wrong with a window. */
export function missingText(slice: string): Rejection {
  return { kind: 'invalid', metric: slice, detail: 'no series have it, or not those of every metric' };
}
