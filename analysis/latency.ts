import type { LatencyMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { type BucketPair, bucketPair, lookAt, usableEdges } from './buckets.ts';
import { NO_CANARY_HALVES } from './canary-halves.ts';
import { type Cohorts, counts } from './edge-counts.ts';
import type { BucketLook, LatencyEvidence } from './evidence.ts';
import { addHalves, NO_HALVES } from './halves.ts';
import {
  addHistograms,
  addNeeded,
  chooseEdges,
  countAbove,
  countAt,
  finiteEdges,
  histogramTotal,
  reaches,
} from './histogram.ts';
import { addToInterval, NO_POLLS } from './interval.ts';
import { score } from './kernel.ts';
import { canaryHalvesAfter } from './latency-canary.ts';
import type { Margins } from './margins.ts';
import { latencyMargins, shownMargin, tested } from './margins.ts';
import { addPoll } from './process.ts';
import { openProcess, openSegment } from './process-state.ts';
import { bucketFault } from './soundness.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { countYardsticks } from './stage.ts';
import type { Totals } from './totals.ts';
import { ZERO } from './totals.ts';

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
  const { buckets } = evidence;
  return {
    ...evidence,
    before: evidence.baseline === null ? evidence.before : addHistograms(evidence.before, evidence.baseline),
    baseline: null,
    canary: null,
    missing: null,
    improvement: [0, 0, 0],
    interval: NO_POLLS,
    process: at.frame.compared ? openSegment(evidence.process, at.frame.c) : evidence.process,
    ...(buckets === undefined ? {} : { buckets: { ...buckets, changed: false } }),
  };
}

export function marginsOfLatency(
  plan: Plan,
  at: { stage: number; metric: string; evidence: LatencyEvidence },
): Margins {
  return latencyMargins(plan, { stage: at.stage, metric: at.metric, accepted: at.evidence.slowdown });
}

/**
 * Edges are given from history, or chosen once from the baseline alone, among those that both cohorts have: from the
 * stages before, or from the first polls until they hold 1,000 requests; those polls are not tested. `blind`: there
 * would be some, had the cohorts and their processes the same edges.
 */
function pickEdges(
  evidence: LatencyEvidence,
  at: LatencyFrame & { look: Pick<BucketLook, 'common' | 'apart'> },
): { evidence: LatencyEvidence; blind: boolean } {
  const { common, apart } = at.look;
  const stay = { evidence, blind: false };
  if (!at.frame.compared || (evidence.edges !== null && !unfit(evidence))) return stay;
  const margin = shownMargin(
    marginsOfLatency(at.plan, { stage: at.frame.index, metric: at.metric.name, evidence }),
  );
  if (margin === null) return stay;
  // Edges that do not fit came from the stages before: the new ones come from this stage alone.
  const before = evidence.edges === null ? evidence.before : null;
  const seen = evidence.baseline === null ? before : addHistograms(before, evidence.baseline);
  // Those of the history are taken once: unfit ones would be taken, and all evidence dropped, at every poll.
  const given = evidence.edges === null ? at.context.edges?.[at.metric.name] : undefined;
  if (given === undefined && common.length === 0) return { evidence, blind: true };
  if (given === undefined && (seen === null || histogramTotal(seen) < WARM_UP)) return stay;
  const by = { quantile: at.metric.quantile, margin };
  const edges = given ?? chooseEdges(seen ?? [], { ...by, among: common });
  if (edges.length === 0 && (apart.length > 0 || chooseEdges(seen ?? [], by).length > 0))
    return { evidence, blind: true };
  const { buckets, ...others } = evidence;
  const picked: LatencyEvidence = {
    ...others,
    edges: [...edges],
    process: openSegment(openProcess(edges.length), at.frame.c),
    halves: edges.map(() => NO_HALVES),
    ...(others.canaryHalves === undefined ? {} : { canaryHalves: edges.map(() => NO_CANARY_HALVES) }),
    // What was summed above other edges is about another share of the requests.
    interval: NO_POLLS,
    improvement: [0, 0, 0],
    ...(buckets === undefined ? {} : { buckets: { ...buckets, floor: null } }),
  };
  return { evidence: picked, blind: false };
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
      // Of an edge that is gone nothing is known.
      countAt(baseline, edge) !== null &&
      countAbove(baseline, edge) < UNFIT_SHARE * requests &&
      (canary === null || countAbove(canary, edge) < UNFIT_CANARY),
  );
}

export interface LatencyPoll extends LatencyFrame {
  sample: Sample;
}

/** One poll of a latency; `used` is false where a cohort had no requests, or no bucket edge to test it on. */
export function observeLatency(
  evidence: LatencyEvidence,
  poll: LatencyPoll,
): { evidence: LatencyEvidence; used: boolean } {
  const { plan, frame, metric, sample } = poll;
  const pair = bucketPair(sample, metric.name);
  const missing = evidence.missing ?? sample.t - plan.source.poll;
  if (pair === null) {
    const { buckets, ...others } = evidence;
    return {
      evidence: {
        ...others,
        missing,
        ...(buckets === undefined ? {} : { buckets: { ...buckets, blind: false } }),
      },
      used: false,
    };
  }
  const served = histogramTotal(pair.baseline) > 0 && histogramTotal(pair.canary) > 0;
  const look = lookAt(pair, evidence.buckets);
  // Chosen before this poll is looked at, but for the names of its edges.
  const picked = served ? pickEdges(evidence, { ...poll, look }) : { evidence, blind: false };
  const known = picked.evidence;
  const needed = known.edges ?? [];
  const add = (sum: LatencyEvidence['canary'], newer: BucketPair['canary']) =>
    needed.length === 0 ? addHistograms(sum, newer) : addNeeded(sum, { newer, needed });
  const next: LatencyEvidence = {
    ...known,
    // A poll without requests does not make data of what had none.
    missing: served || evidence.buckets?.blind !== true ? null : evidence.missing,
    baseline: add(evidence.baseline, pair.baseline),
    canary: add(evidence.canary, pair.canary),
    halves: halvesAfter(known, metric.name, sample),
  };
  if (!frame.compared || !served)
    return { evidence: next, used: frame.compared ? served : histogramTotal(pair.canary) > 0 };
  const margins = marginsOfLatency(plan, { stage: frame.index, metric: metric.name, evidence: known });
  const soft = tested(margins);
  const margin = shownMargin(margins);
  const floor = known.buckets?.floor ?? null;
  const usable = margin === null ? [] : usableEdges(needed, { pair, common: look.common, margin, floor });
  const blind = picked.blind || (margin !== null && needed.length > 0 && usable.length === 0);
  next.buckets = {
    ...look,
    gone: margin === null ? [] : needed.filter((edge) => !usable.includes(edge)),
    blind,
    floor: usable.length > 0 ? (floor ?? finiteEdges(pair.baseline)[0] ?? null) : floor,
  };
  if (blind) {
    // Requests that were not tested do not make up the number that a latency needs.
    const { baseline, canary } = needed.length > 0 ? evidence : next;
    return { evidence: { ...next, missing, baseline, canary }, used: false };
  }
  Object.assign(next, canaryHalvesAfter(next, { metric: metric.name, sample, pair }));
  const [nearest] = needed;
  if (margin === null || nearest === undefined) return { evidence: next, used: served };
  if (soft !== null)
    next.process = addPoll(known.process, {
      stage: frame.name,
      ruler: frame.ruler,
      scores: needed.map((edge) =>
        usable.includes(edge) ? totals(pair, { edge, soft, hard: margins.hard ?? soft }) : ZERO,
      ),
      yardsticks: () => countYardsticks({ plan, context: poll.context, metric: metric.name }, next),
    });
  if (usable.includes(nearest))
    next.interval = addToInterval(known.interval, counts(pair, { edge: nearest, margin: 0 }));
  const shown = needed[improvementTrack(next, margins)];
  if (margins.improve !== null && shown !== undefined && usable.includes(shown)) {
    const { y, V, Q } = score(counts(pair, { edge: shown, margin: -margins.improve }), 0);
    const [S, sumV, sumQ] = known.improvement;
    next.improvement = [S + y, sumV + V, sumQ + Q];
  }
  return { evidence: next, used: served };
}

/**
 * The series on which an improvement is shown: the edge nearest to the quantile whose counterpart `e/(1 - improve)` still
 * lies within the buckets. Of what is slower than the last finite edge only the number at that edge is known: as the
 * baseline's, it would show an improvement of any equal canary. -1: there is none.
 */
export function improvementTrack(
  { edges, baseline }: Pick<LatencyEvidence, 'edges' | 'baseline'>,
  { improve }: Pick<Margins, 'improve'>,
): number {
  if (improve === null || improve >= 1) return -1;
  const last = baseline === null ? 0 : (finiteEdges(baseline).at(-1) ?? 0);
  return (edges ?? []).findIndex((edge) => reaches(last, edge / (1 - improve)));
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
  const shared = finiteEdges(first).filter((edge) => countAt(second, edge) !== null);
  return edges.map((edge, i) => {
    const halves = known[i] ?? NO_HALVES;
    return shared.includes(edge) ? addHalves(halves, counts(pair, { edge, margin: 0 })) : halves;
  });
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
