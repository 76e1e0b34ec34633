import type { LatencyMetric, RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, Count, HistorySample } from '../plans/sample.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Knots } from './dispersion.ts';
import { measureDispersion } from './dispersion.ts';
import { addHistograms, chooseEdges, countAbove, finiteEdges, histogramTotal } from './histogram.ts';
import type { PollCounts } from './kernel.ts';
import { badCount, isCompared } from './margins.ts';
import { cohortFaults } from './soundness.ts';

/** What the time before a rollout tells its gates: dispersion curves and latency edges by metric. Plain JSON. */
export interface Learnt {
  dispersion: Record<string, Knots>;
  edges: Record<string, readonly number[]>;
}

/** Baseline requests from which latency edges are chosen. */
const FEWEST_REQUESTS = 1000;

/**
 * Learns from the baseline's polls before a rollout, in their order and at the rollout's poll step. Polls whose counts
 * contradict themselves are left out; a metric of which nothing can be said is absent.
 */
export function learn(plan: Plan, history: readonly HistorySample[]): Learnt {
  const sound = history.filter(
    ({ baseline, halves }) =>
      cohortFaults('baseline', baseline).length === 0 &&
      (halves ?? []).every((half) => cohortFaults('baseline', half).length === 0),
  );
  const learnt: Learnt = { dispersion: {}, edges: {} };
  for (const metric of plan.metrics) {
    // A value's scatter is measured on the rollout itself.
    if (metric.kind === 'mean' || metric.kind === 'gauge') continue;
    const { knots, edges } =
      metric.kind === 'ratio' ? learnRatio(plan, metric, sound) : learnLatency(plan, metric, sound);
    if (knots !== null) learnt.dispersion[metric.name] = knots;
    if (edges.length > 0) learnt.edges[metric.name] = edges;
  }
  return learnt;
}

interface MetricLearnt {
  knots: Knots | null;
  edges: readonly number[];
}

function learnRatio(plan: Plan, metric: RatioMetric, history: readonly HistorySample[]): MetricLearnt {
  const bad = { events: 0, total: 0 };
  for (const { baseline } of history) {
    const count = baseline.ratios[metric.name];
    if (count === undefined) continue;
    bad.events += badCount(metric, count).events;
    bad.total += count.total;
  }
  // The rarer outcome, as the test counts it.
  const turned = metric.good !== undefined && bad.events > bad.total / 2;
  const knots = curveOf(history, plan.analysis.noise, ({ ratios }) => {
    const count = ratios[metric.name];
    if (count === undefined) return null;
    const { events, total } = badCount(metric, count);
    return { events: turned ? total - events : events, total };
  });
  return { knots, edges: [] };
}

function learnLatency(plan: Plan, metric: LatencyMetric, history: readonly HistorySample[]): MetricLearnt {
  let buckets: Buckets | null = null;
  for (const { baseline } of history) {
    const here = baseline.histograms[metric.name];
    if (here !== undefined) buckets = addHistograms(buckets, here);
  }
  const margin = tightestMargin(plan, metric.name);
  if (buckets === null || margin === null || histogramTotal(buckets) < FEWEST_REQUESTS)
    return { knots: null, edges: [] };
  const edges = chooseEdges(buckets, { quantile: metric.quantile, margin });
  const curves = edges.map((edge) =>
    curveOf(history, plan.analysis.noise, ({ histograms }) => {
      const here = histograms[metric.name];
      // Polls of other buckets tell nothing of this edge.
      return here === undefined || !finiteEdges(here).includes(edge)
        ? null
        : { events: countAbove(here, edge), total: histogramTotal(here) };
    }),
  );
  return { knots: highest(curves), edges };
}

type Half = NonNullable<HistorySample['halves']>[0];

function curveOf(
  history: readonly HistorySample[],
  noise: number,
  countOf: (half: Half) => Count | null,
): Knots | null {
  const polls: PollCounts[] = [];
  for (const { halves } of history) {
    if (halves === undefined) continue;
    const [first, second] = [countOf(halves[0]), countOf(halves[1])];
    if (first === null || second === null) continue;
    polls.push({
      canaryEvents: first.events,
      canaryTotal: first.total,
      baselineEvents: second.events,
      baselineTotal: second.total,
    });
  }
  return measureDispersion(polls, noise);
}

/** The larger knot of several curves, at every block size that any of them reached. */
function highest(curves: readonly (Knots | null)[]): Knots | null {
  const measured = curves.filter((knots) => knots !== null);
  const longest = Math.max(0, ...measured.map(({ length }) => length));
  if (longest === 0) return null;
  return Array.from({ length: longest }, (_, k) => Math.max(...measured.map((knots) => knots[k] ?? 0)));
}

/** The smallest slowdown that any stage tests: edges that show it show the others. */
function tightestMargin(plan: Plan, metric: string): number | null {
  const margins = plan.stages.flatMap((stage, index) => {
    if (!isCompared(stage)) return [];
    const { soft, hard } = stageMetric(plan, index, metric);
    const margin = soft ?? hard;
    const slowdown = margin === null ? null : (margin.relative ?? margin.absolute);
    return slowdown === null ? [] : [slowdown];
  });
  return margins.length === 0 ? null : Math.min(...margins);
}
