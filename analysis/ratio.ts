import type { Plan, RatioMetric } from '../plans/plan.ts';
import type { Count, Sample } from '../plans/sample.ts';
import type { Dispersion } from './dispersion.ts';
import type { RatioEvidence } from './evidence.ts';
import { addToInterval, NO_POLLS } from './interval.ts';
import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';
import type { Margins } from './margins.ts';
import { badCount, ratioMargins, tested } from './margins.ts';
import type { Totals } from './process.ts';
import { addPoll, openProcess, openSegment, ZERO } from './process.ts';
import type { StageFrame } from './stage.ts';

const NONE: Count = { events: 0, total: 0 };

export function openRatio(): RatioEvidence {
  return {
    kind: 'ratio',
    accepted: null,
    missing: null,
    before: NONE,
    baseline: NONE,
    canary: NONE,
    process: openProcess(1),
    proof: [0, 0, 0],
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
    interval: NO_POLLS,
    process: frame.compared ? openSegment(evidence.process, frame.c) : evidence.process,
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
  dispersion: Dispersion;
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
  };
  if (!frame.compared || !used) return { evidence: next, used: frame.compared ? used : canary.total > 0 };
  const counts: PollCounts = {
    canaryEvents: canary.events,
    canaryTotal: canary.total,
    baselineEvents: baseline.events,
    baselineTotal: baseline.total,
  };
  next.interval = addToInterval(evidence.interval, counts);
  const proof = plan.stages[frame.index]?.promote?.proof;
  if (proof !== undefined) {
    const { y, V, Q } = score(counts, proof);
    next.proof = [evidence.proof[0] + y, evidence.proof[1] + V, evidence.proof[2] + Q];
  }
  const margins = marginsOfRatio(plan, { stage: frame.index, metric, evidence });
  const d = tested(margins);
  // No margin, or a relative one before the baseline's rate is known: counted, not tested.
  if (d === null) return { evidence: next, used };
  const scores = [totals(counts, { soft: d, hard: margins.hard ?? d })];
  next.process = addPoll(evidence.process, {
    stage: frame.index,
    ruler: frame.ruler,
    scores,
    dispersion: poll.dispersion,
  });
  return { evidence: next, used };
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
