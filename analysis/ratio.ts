import type { RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Count, Sample } from '../plans/sample.ts';
import { addCanaryHalves, NO_CANARY_HALVES } from './canary-halves.ts';
import { crowdAfter } from './canary-noise.ts';
import type { ProofSums, RatioEvidence } from './evidence.ts';
import { addHalves, NO_HALVES } from './halves.ts';
import { addToInterval, NO_POLLS } from './interval.ts';
import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';
import type { Margins } from './margins.ts';
import { badCount, ratioMargins, tested } from './margins.ts';
import { addPoll } from './process.ts';
import { openProcess, openSegment } from './process-state.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { countYardsticks } from './stage.ts';
import type { Totals } from './totals.ts';
import { ZERO } from './totals.ts';

const NONE: Count = { events: 0, total: 0 };

export function openRatio(): RatioEvidence {
  return {
    kind: 'ratio',
    accepted: null,
    missing: null,
    counted: null,
    before: NONE,
    baseline: NONE,
    canary: NONE,
    process: openProcess(1),
    halves: [NO_HALVES],
    proof: [0, 0, 0],
    improvement: [0, 0, 0],
    interval: NO_POLLS,
  };
}

export function enterRatio(evidence: RatioEvidence, frame: StageFrame): RatioEvidence {
  return {
    ...evidence,
    before: plus(evidence.before, evidence.baseline),
    baseline: NONE,
    canary: NONE,
    missing: null,
    proof: [0, 0, 0],
    improvement: [0, 0, 0],
    interval: NO_POLLS,
    process: frame.compared ? openSegment(evidence.process, jumpOf(evidence, frame)) : evidence.process,
  };
}

/** The margins in force before the next poll. */
export function marginsOfRatio(
  plan: Plan,
  at: { stage: number; metric: RatioMetric; evidence: RatioEvidence },
): Margins {
  const { before, baseline, accepted } = at.evidence;
  return ratioMargins(plan, { stage: at.stage, metric: at.metric, before, stageSoFar: baseline, accepted });
}

export interface RatioPoll {
  plan: Plan;
  frame: StageFrame;
  metric: RatioMetric;
  sample: Sample;
  context: GateContext;
}

/** One poll of a ratio; `used` is false where a cohort had no trials. Null: the sample lacks the metric. */
export function observeRatio(
  evidence: RatioEvidence,
  poll: RatioPoll,
): { evidence: RatioEvidence; used: boolean } | null {
  const { plan, frame, metric, sample } = poll;
  const read = { baseline: sample.baseline.ratios[metric.name], canary: sample.canary.ratios[metric.name] };
  if (read.baseline === undefined || read.canary === undefined) return null;
  const baseline = badCount(metric, read.baseline);
  const canary = badCount(metric, read.canary);
  const used = baseline.total > 0 && canary.total > 0;
  const next: RatioEvidence = {
    ...evidence,
    missing: null,
    baseline: plus(evidence.baseline, baseline),
    canary: plus(evidence.canary, canary),
    halves: halvesAfter(evidence, metric, sample),
  };
  if (!frame.compared || !used) return { evidence: next, used: frame.compared ? used : canary.total > 0 };
  const oriented = orient(next, { metric, frame });
  const counts = countsOf(oriented, { baseline, canary });
  next.counted = oriented.counted;
  next.process = oriented.process;
  next.interval = addToInterval(evidence.interval, counts);
  Object.assign(next, canaryHalvesAfter(oriented, { metric, sample, counts }));
  Object.assign(next, crowdAfter(evidence.crowd, { instances: sample.instances, counts }));
  const proof = plan.stages[frame.index]?.promote?.proof;
  if (proof !== undefined) next.proof = addScore(evidence.proof, counts, proof);
  const margins = marginsOfRatio(plan, { stage: frame.index, metric, evidence });
  if (margins.improve !== null) next.improvement = addScore(evidence.improvement, counts, -margins.improve);
  const d = tested(margins);
  // No margin, or a relative one before the baseline's rate is known: counted, not tested.
  if (d === null) return { evidence: next, used };
  const scores = [totals(counts, { soft: d, hard: margins.hard ?? d })];
  next.process = addPoll(oriented.process, {
    stage: frame.name,
    ruler: frame.ruler,
    scores,
    yardsticks: () => countYardsticks({ plan, context: poll.context, metric: metric.name }, next),
  });
  return { evidence: next, used };
}

/** Halves that contradict themselves, or come before it is settled which outcome is counted, show nothing. */
function halvesAfter(
  evidence: RatioEvidence,
  metric: RatioMetric,
  { halves }: Sample,
): RatioEvidence['halves'] {
  const counts = pairOf(evidence, metric, halves);
  const [known] = evidence.halves;
  return counts === null || known === undefined ? evidence.halves : [addHalves(known, counts)];
}

/** Of polls that are evidence, as the canary may be served otherwise before. */
function canaryHalvesAfter(
  evidence: RatioEvidence,
  { metric, sample, counts }: { metric: RatioMetric; sample: Sample; counts: PollCounts },
): Pick<RatioEvidence, 'canaryHalves'> {
  const halves = pairOf(evidence, metric, sample.canaryHalves);
  if (halves === null) return {};
  const [known = NO_CANARY_HALVES] = evidence.canaryHalves ?? [];
  const { baseline, canary } = evidence;
  const soFar = countsOf(evidence, { baseline, canary });
  return { canaryHalves: [addCanaryHalves(known, { halves, cohorts: counts, soFar })] };
}

function pairOf(evidence: RatioEvidence, metric: RatioMetric, halves: Sample['halves']): PollCounts | null {
  const counted = evidence.counted ?? (metric.good === undefined ? 'bad' : null);
  const [first, second] = halves?.map(({ ratios }) => ratios[metric.name]) ?? [];
  if (counted === null || !isCounted(first) || !isCounted(second)) return null;
  return countsOf({ counted }, { baseline: badCount(metric, first), canary: badCount(metric, second) });
}

function isCounted(count: Count | undefined): count is Count {
  return count !== undefined && count.events >= 0 && count.events <= count.total && count.total < Infinity;
}

/** The bound on an upward jump of the score, and of its mirror image, for the outcome that is counted. */
export function jumpOf({ counted }: RatioEvidence, frame: StageFrame): number {
  return counted === 'good' ? frame.mirrored : frame.c;
}

export function mirroredJumpOf({ counted }: RatioEvidence, frame: StageFrame): number {
  return counted === 'good' ? frame.c : frame.mirrored;
}

/**
 * A metric of good events is counted by its bad ones, or by the good ones where those are the rarer: the kernel's
 * noise is that of the outcome counted, and 4 % of orders would drown in that of 96 % without. Settled with the
 * first poll that is evidence, by the baseline.
 */
function orient(
  evidence: RatioEvidence,
  { metric, frame }: { metric: RatioMetric; frame: StageFrame },
): RatioEvidence {
  if (evidence.counted !== null) return evidence;
  const events = evidence.before.events + evidence.baseline.events;
  const total = evidence.before.total + evidence.baseline.total;
  if (metric.good === undefined || events <= total / 2) return { ...evidence, counted: 'bad' };
  const turned: RatioEvidence = { ...evidence, counted: 'good' };
  return { ...turned, process: openSegment(openProcess(1), jumpOf(turned, frame)) };
}

/** Fewer good events of the canary are more of the baseline: the cohorts change places. */
function countsOf(
  { counted }: Pick<RatioEvidence, 'counted'>,
  { baseline, canary }: { baseline: Count; canary: Count },
): PollCounts {
  if (counted !== 'good') {
    return {
      canaryEvents: canary.events,
      canaryTotal: canary.total,
      baselineEvents: baseline.events,
      baselineTotal: baseline.total,
    };
  }
  return {
    canaryEvents: baseline.total - baseline.events,
    canaryTotal: baseline.total,
    baselineEvents: canary.total - canary.events,
    baselineTotal: canary.total,
  };
}

function addScore([S, sumV, sumQ]: ProofSums, counts: PollCounts, d: number): ProofSums {
  const { y, V, Q } = score(counts, d);
  return [S + y, sumV + V, sumQ + Q];
}

function totals(counts: PollCounts, d: { soft: number; hard: number }): Totals {
  const soft = score(counts, d.soft);
  if (soft.V === 0) return ZERO;
  const hard = score(counts, d.hard);
  return [soft.y, soft.V, soft.Q, hard.y, hard.V, hard.Q, soft.y + soft.nH * d.soft, soft.nH];
}

function plus(a: Count, b: Count): Count {
  return { events: a.events + b.events, total: a.total + b.total };
}
