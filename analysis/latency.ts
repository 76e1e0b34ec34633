import type { LatencyMetric, Plan } from '../plans/plan.ts';
import type { Buckets, Sample } from '../plans/sample.ts';
import type { LatencyEvidence } from './evidence.ts';
import { addHalves, NO_HALVES } from './halves.ts';
import { addHistograms, chooseEdges, countAbove, histogramTotal } from './histogram.ts';
import { addToInterval, NO_POLLS } from './interval.ts';
import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';
import type { Margins } from './margins.ts';
import { latencyMargins, tested } from './margins.ts';
import { addPoll, openProcess, openSegment } from './process.ts';
import { bucketFault } from './soundness.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { dispersionsOf } from './stage.ts';
import type { Totals } from './totals.ts';
import { ZERO } from './totals.ts';
import { countYardstick } from './yardstick.ts';

/** Baseline requests from which the edges are chosen. */
const WARM_UP = 1000;
/** Half of the least exceedance that an edge is chosen for, and the canary requests above it that count as evidence. */
const UNFIT_SHARE = 0.0025;
const UNFIT_CANARY = 3;

export function openLatency(): LatencyEvidence {
  return {
    kind: 'latency',
    accepted: null,
    slowdown: null,
    improvement: [0, 0, 0],
    missing: null,
    before: null,
    baseline: null,
    canary: null,
    edges: null,
    process: openProcess(0),
    halves: [],
    interval: NO_POLLS,
  };
}

export interface LatencyFrame {
  plan: Plan;
  frame: StageFrame;
  metric: LatencyMetric;
  context: GateContext;
}

export function enterLatency(evidence: LatencyEvidence, at: LatencyFrame): LatencyEvidence {
  const entered: LatencyEvidence = {
    ...evidence,
    before: evidence.baseline === null ? evidence.before : addHistograms(evidence.before, evidence.baseline),
    baseline: null,
    canary: null,
    missing: null,
    improvement: [0, 0, 0],
    interval: NO_POLLS,
    process: at.frame.compared ? openSegment(evidence.process, at.frame.c) : evidence.process,
  };
  return pickEdges(entered, at);
}

export function marginsOfLatency(
  plan: Plan,
  at: { stage: number; metric: string; evidence: LatencyEvidence },
): Margins {
  return latencyMargins(plan, { stage: at.stage, metric: at.metric, accepted: at.evidence.slowdown });
}

/**
 * Edges are given from history, or chosen once from the baseline alone: from the stages before, or from the first
 * polls until they hold 1,000 requests; those polls are not tested for latency.
 */
function pickEdges(evidence: LatencyEvidence, at: LatencyFrame): LatencyEvidence {
  if (!at.frame.compared || (evidence.edges !== null && !unfit(evidence))) return evidence;
  const margin = tested(
    marginsOfLatency(at.plan, { stage: at.frame.index, metric: at.metric.name, evidence }),
  );
  if (margin === null) return evidence;
  // Edges that do not fit came from the stages before: the new ones come from this stage alone.
  const before = evidence.edges === null ? evidence.before : null;
  const seen = evidence.baseline === null ? before : addHistograms(before, evidence.baseline);
  const given = at.context.edges?.[at.metric.name];
  if (given === undefined && (seen === null || histogramTotal(seen) < WARM_UP)) return evidence;
  const edges = given ?? chooseEdges(seen ?? [], { quantile: at.metric.quantile, margin });
  return {
    ...evidence,
    edges: [...edges],
    process: openSegment(openProcess(edges.length), at.frame.c),
    halves: edges.map(() => NO_HALVES),
  };
}

/**
 * Edges that were chosen while the service was slow (a cold start, a busy hour) see nothing once it is fast: the gate
 * would wait for slow requests that never come. By the baseline alone they are found unfit; evidence that a slow
 * canary has left on them keeps them.
 */
function unfit({ edges, baseline, canary }: LatencyEvidence): boolean {
  if (edges === null || edges.length === 0 || baseline === null) return false;
  const requests = histogramTotal(baseline);
  if (requests < WARM_UP) return false;
  return edges.every(
    (edge) =>
      countAbove(baseline, edge) < UNFIT_SHARE * requests &&
      (canary === null || countAbove(canary, edge) < UNFIT_CANARY),
  );
}

export interface LatencyPoll extends LatencyFrame {
  sample: Sample;
}

/** One poll of a latency; `used` is false where a cohort had no requests. Null: the sample lacks the metric. */
export function observeLatency(
  evidence: LatencyEvidence,
  poll: LatencyPoll,
): { evidence: LatencyEvidence; used: boolean } | null {
  const { plan, frame, metric, sample } = poll;
  const baseline = sample.baseline.histograms[metric.name];
  const canary = sample.canary.histograms[metric.name];
  if (baseline === undefined || canary === undefined) return null;
  const cohorts = { baseline, canary };
  const used = histogramTotal(baseline) > 0 && histogramTotal(canary) > 0;
  // Chosen before this poll is looked at.
  const picked = pickEdges(evidence, poll);
  const next: LatencyEvidence = {
    ...picked,
    missing: null,
    baseline: addHistograms(evidence.baseline, baseline),
    canary: addHistograms(evidence.canary, canary),
    halves: halvesAfter(picked, metric.name, sample),
  };
  if (!frame.compared || !used)
    return { evidence: next, used: frame.compared ? used : histogramTotal(canary) > 0 };
  const margins = marginsOfLatency(plan, { stage: frame.index, metric: metric.name, evidence: picked });
  const soft = tested(margins);
  const { edges } = picked;
  if (soft === null || edges === null || edges.length === 0) return { evidence: next, used };
  const scores = edges.map((edge) => totals(cohorts, { edge, soft, hard: margins.hard ?? soft }));
  next.process = addPoll(picked.process, {
    stage: frame.index,
    ruler: frame.ruler,
    scores,
    yardsticks: dispersionsOf({ plan, context: poll.context, metric: metric.name }, next.halves).map(
      countYardstick,
    ),
  });
  const nearest = edges[0];
  if (nearest === undefined) return { evidence: next, used };
  next.interval = addToInterval(evidence.interval, counts(cohorts, { edge: nearest, margin: 0 }));
  if (margins.improve !== null) {
    const { y, V, Q } = score(counts(cohorts, { edge: nearest, margin: -margins.improve }), 0);
    const [S, sumV, sumQ] = evidence.improvement;
    next.improvement = [S + y, sumV + V, sumQ + Q];
  }
  return { evidence: next, used };
}

/** Halves that contradict themselves show nothing. */
function halvesAfter(
  { edges, halves: known }: LatencyEvidence,
  metric: string,
  { halves }: Sample,
): LatencyEvidence['halves'] {
  const [first, second] = halves?.map(({ histograms }) => histograms[metric]) ?? [];
  if (edges === null || first === undefined || second === undefined) return known;
  if (bucketFault(first) !== null || bucketFault(second) !== null) return known;
  const pair = { baseline: first, canary: second };
  return edges.map((edge, i) => addHalves(known[i] ?? NO_HALVES, counts(pair, { edge, margin: 0 })));
}

interface Cohorts {
  baseline: Buckets;
  canary: Buckets;
}

/** Canary requests above an edge against baseline requests above edge/(1+margin). */
function counts(
  { baseline, canary }: Cohorts,
  { edge, margin }: { edge: number; margin: number },
): PollCounts {
  return {
    canaryEvents: countAbove(canary, edge),
    canaryTotal: histogramTotal(canary),
    baselineEvents: countAbove(baseline, edge / (1 + margin)),
    baselineTotal: histogramTotal(baseline),
  };
}

function totals(
  cohorts: Cohorts,
  { edge, soft, hard }: { edge: number; soft: number; hard: number },
): Totals {
  const atSoft = score(counts(cohorts, { edge, margin: soft }), 0);
  if (atSoft.V === 0) return ZERO;
  const atHard = score(counts(cohorts, { edge, margin: hard }), 0);
  const plain = score(counts(cohorts, { edge, margin: 0 }), 0);
  return [atSoft.y, atSoft.V, atSoft.Q, atHard.y, atHard.V, atHard.Q, plain.y, atSoft.nH];
}
