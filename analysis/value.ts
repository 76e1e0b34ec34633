import type { GaugeMetric, MeanMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';
import type { ProofSums, ValueEvidence } from './evidence.ts';
import { NO_POLLS } from './interval.ts';
import { addPoll } from './process.ts';
import { openProcess, openSegment } from './process-state.ts';
import type { Scatter } from './scatter.ts';
import { addScatter, NO_SCATTER, varianceOf } from './scatter.ts';
import type { StageFrame } from './stage.ts';
import type { Totals } from './totals.ts';
import { halfWidth, lnValueEvidence, mixtureScale } from './value-kernel.ts';
import type { Variance } from './value-noise.ts';
import { driftApart } from './value-noise.ts';
import type { Yardstick } from './yardstick.ts';

export type ValueMetric = GaugeMetric | MeanMetric;

/** Polls at which the mixtures over mean differences are tightest: minutes to hours at 15 s. People read the last. */
const PLANNED = [12, 60, 360] as const;
/** How fast the level follows the values: it has half forgotten them after 20 polls. */
const FOLLOW = 1 - 0.5 ** (1 / 20);

/** A level below which a share of it could leave the range of numbers: as good as zero. */
const LEAST_LEVEL = 1e-60;

/** A value of one cohort in one poll, and what it weighs: the observations of a mean, one for a gauge. */
interface Value {
  value: number;
  weight: number;
}

export function openValue(): ValueEvidence {
  return {
    kind: 'value',
    accepted: null,
    missing: null,
    process: openProcess(1),
    halves: [],
    interval: NO_POLLS,
    level: null,
    scatter: NO_SCATTER,
    twins: NO_SCATTER,
    baseline: [0, 0],
    canary: [0, 0],
    difference: [0, 0, 0],
    safety: [0, 0, 0],
    improvement: [0, 0, 0],
  };
}

export function enterValue(evidence: ValueEvidence, frame: StageFrame): ValueEvidence {
  return {
    ...evidence,
    missing: null,
    baseline: [0, 0],
    canary: [0, 0],
    difference: [0, 0, 0],
    safety: [0, 0, 0],
    improvement: [0, 0, 0],
    process: frame.compared ? openSegment(evidence.process, frame.c) : evidence.process,
  };
}

/** Plus one where more is worse, minus one where less is: by the sign of the margins, then against that of `improve`. */
export function worseOf(metric: ValueMetric): 1 | -1 {
  const harm = metric.soft ?? metric.hard;
  if (harm !== undefined) return harm.direction === 'increase' ? 1 : -1;
  return metric.improve?.direction === 'increase' ? -1 : 1;
}

export interface ValuePoll {
  plan: Plan;
  frame: StageFrame;
  metric: ValueMetric;
  sample: Sample;
}

/** One poll; `used` is false where a cohort has no observations. Null: the sample lacks the metric. */
export function observeValue(
  evidence: ValueEvidence,
  poll: ValuePoll,
): { evidence: ValueEvidence; used: boolean } | null {
  const { plan, frame, metric, sample } = poll;
  const canary = valueOf(metric, sample.canary);
  const compared = frame.compared && isPaired(metric);
  const baseline = valueOf(metric, sample.baseline) ?? (compared ? null : NOTHING);
  if (canary === null || baseline === null) return null;
  const next: ValueEvidence = {
    ...evidence,
    missing: null,
    baseline: plus(evidence.baseline, baseline),
    canary: plus(evidence.canary, canary),
  };
  const used = canary.weight > 0 && (!compared || baseline.weight > 0);
  if (!compared || !used) return { evidence: next, used };
  // Scores are shares of a level that is known before the poll: a service whose load doubles by noon scatters no more
  // for it, and what is expected of a difference stays as it is.
  const size = (Math.abs(baseline.value) + Math.abs(canary.value)) / 2;
  const level = evidence.level === null || evidence.level < LEAST_LEVEL ? size : evidence.level;
  next.level = level + FOLLOW * (size - level);
  if (level < LEAST_LEVEL) return { evidence: next, used };
  next.twins = twinsAfter(evidence.twins, { metric, halves: sample.halves, level });
  if (sample.canaryHalves !== undefined) {
    const { canaryHalves: halves } = sample;
    next.canaryTwins = twinsAfter(evidence.canaryTwins ?? NO_SCATTER, { metric, halves, level });
  }
  const worse = worseOf(metric);
  const w = pairWeight(metric, baseline, canary);
  const d = (worse * (canary.value - baseline.value)) / level;
  const written = stageMetric(plan, frame.index, metric.name);
  const tolerance = (margin: Margin | null) => shareOf(toleranceOf(margin, baseline.value), level);
  const soft = evidence.accepted === null ? tolerance(written.soft) : Math.abs(evidence.accepted) / level;
  const hard = tolerance(written.hard);
  next.scatter = addScatter(evidence.scatter, { Y: w * d, W: w });
  next.difference = more(evidence.difference, w * d, w);
  const tested = soft ?? hard;
  const better = tolerance(written.improve);
  if (better !== null) next.improvement = more(evidence.improvement, w * (d + better), w);
  if (tested === null) return { evidence: next, used };
  next.safety = more(evidence.safety, w * (d - tested), w);
  const scores: Totals = [w * (d - tested), w, 1, w * (d - (hard ?? tested)), w, 1, w * d, w];
  next.process = addPoll(evidence.process, {
    stage: frame.name,
    ruler: frame.ruler,
    scores: [scores],
    yardsticks: () => [valueYardstick(next, plan)],
  });
  return { evidence: next, used };
}

/** Sums turned into evidence by the scatter that the rollout has shown so far. */
export function valueYardstick(evidence: ValueEvidence, plan: Plan): Yardstick {
  const scales = scalesOf(plan.analysis.falseRollback);
  const apart = driftApart(evidence, plan);
  const spread = (since: Part) => spreadOf(evidence, since, apart);
  return {
    lnEvidence: (stretches) => {
      let [S, W, n, Y] = [0, 0, 0, 0];
      for (let i = 0; i < stretches.length; i++) {
        S += stretches.S[i] ?? 0;
        W += stretches.V[i] ?? 0;
        n += stretches.Q[i] ?? 0;
        Y += stretches.plainS[i] ?? 0;
      }
      const variance = W > 0 ? spread({ Y, W }) : null;
      return variance === null ? 0 : lnValueEvidence({ z: S / Math.sqrt(variance(n) * W), n, scales });
    },
    deviation: (sums) => Math.sqrt((spread({ Y: sums[6], W: sums[7] })?.(sums[5]) ?? 0) * sums[4]),
  };
}

/** ln of the mirrored evidence of sums against "at least": that the canary is not worse, or is better. */
export function lnMirrored([S, W, n]: ProofSums, at: { evidence: ValueEvidence; plan: Plan }): number {
  const variance = stageSpread(at.evidence, at.plan);
  if (variance === null || !(W > 0)) return 0;
  const scales = scalesOf(at.plan.analysis.falsePromote);
  return lnValueEvidence({ z: -S / Math.sqrt(variance(n) * W), n, scales });
}

/** The confidence sequence of the difference over the stage, in the metric's unit and worse when larger. */
export function valueInterval(evidence: ValueEvidence, plan: Plan): readonly [number, number] | null {
  const [S, W, n] = evidence.difference;
  const variance = stageSpread(evidence, plan);
  if (variance === null || !(W > 0)) return null;
  // As if all polls weighed the same: the deviation of one poll among n that weigh W together.
  const deviation = Math.sqrt((variance(n) * n) / W);
  const half = halfWidth({ n, deviation, alpha: plan.analysis.falseRollback, planned: PLANNED[2] });
  const unit = unitOf(evidence);
  return [unit * (S / W - half), unit * (S / W + half)];
}

type Part = { Y: number; W: number };

/** The larger of what the paired differences scatter and of what equal cohorts may. */
function spreadOf(evidence: ValueEvidence, since: Part, apart: Variance): Variance | null {
  const own = varianceOf(evidence.scatter, { kind: 'mean', since });
  return own === null ? null : (n) => Math.max(own(n), apart(n));
}

/** For tests over the whole stage. */
function stageSpread(evidence: ValueEvidence, plan: Plan): Variance | null {
  const [Y, W] = evidence.difference;
  return spreadOf(evidence, { Y, W }, driftApart(evidence, plan));
}

export function scalesOf(alpha: number): number[] {
  return PLANNED.map((planned) => mixtureScale(alpha, planned));
}

/** The baseline's halves differ by chance alone: what they scatter is what equal cohorts may. */
function twinsAfter(
  twins: Scatter,
  at: { metric: ValueMetric; halves: Sample['halves']; level: number },
): Scatter {
  const { metric, level, halves } = at;
  if (halves === undefined) return twins;
  const [first, second] = halves.map((half) => valueOf(metric, half));
  if (first == null || second == null || !(first.weight > 0) || !(second.weight > 0)) return twins;
  if (!Number.isFinite(first.value - second.value)) return twins;
  const W = pairWeight(metric, first, second);
  return addScatter(twins, { Y: (W * (first.value - second.value)) / level, W });
}

/** Whether the cohorts are compared; a gauge of the canary alone has limits only. */
export function isPaired(metric: ValueMetric): boolean {
  return metric.kind === 'mean' || metric.compare === 'cohorts';
}

/** What a cohort's sample says of the metric; null: nothing. */
export function valueOf(metric: ValueMetric, cohort: CohortSample): Value | null {
  if (metric.kind === 'gauge') {
    const value = cohort.gauges?.[metric.name];
    return value === undefined ? null : { value, weight: 1 };
  }
  const mean = cohort.means?.[metric.name];
  if (mean === undefined) return null;
  return { value: mean.count > 0 ? mean.sum / mean.count : 0, weight: mean.count };
}

const NOTHING: Value = { value: 0, weight: 0 };

export function pairWeight(metric: ValueMetric, a: Value, b: Value): number {
  return metric.kind === 'gauge' ? 1 : (a.weight * b.weight) / (a.weight + b.weight);
}

/** How much worse a value may be, in its unit, beside this baseline; of two parts the smaller. */
export function toleranceOf(margin: Margin | null, baseline: number): number | null {
  if (margin === null) return null;
  const relative = margin.relative === null ? null : margin.relative * Math.abs(baseline);
  if (relative === null) return margin.absolute;
  return margin.absolute === null ? relative : Math.min(margin.absolute, relative);
}

function shareOf(tolerance: number | null, level: number): number | null {
  return tolerance === null ? null : tolerance / level;
}

/** What a share of the level is in the metric's unit, for people: the level now. */
export function unitOf({ level }: ValueEvidence): number {
  return level ?? 0;
}

function plus([sum, weight]: readonly [number, number], value: Value): readonly [number, number] {
  return [sum + value.value * value.weight, weight + value.weight];
}

function more([S, W, n]: ProofSums, score: number, weight: number): ProofSums {
  return [S + score, W + weight, n + 1];
}
