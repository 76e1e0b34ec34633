import type { LatencyMetric, RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, Count, HistorySample } from '../plans/sample.ts';
import { isCounted, partName, planSlices, sliceMetrics } from '../plans/slices.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Knots } from './dispersion.ts';
import { measureDispersion } from './dispersion.ts';
import { addHistograms, chooseEdges, countAbove, finiteEdges, histogramTotal } from './histogram.ts';
import type { PollCounts } from './kernel.ts';
import { badCount, isCompared } from './margins.ts';
import { cohortFaults } from './soundness.ts';
import { finished, type Steps } from './unhurried.ts';

/**
 * What the time before a rollout tells its gates: dispersion curves and latency edges by metric, and by `errors{tier=enterprise}` those
 * of a metric in a slice. Plain JSON.
 */
export interface Learnt {
  dispersion: Record<string, Knots>;
  edges: Record<string, readonly number[]>;
  /** The curve of each of those edges; that in `dispersion` is the highest of them. Absent in what older versions learnt. */
  edgeDispersion?: Record<string, readonly (Knots | null)[]>;
}

/** Baseline requests from which latency edges are chosen. */
const FEWEST_REQUESTS = 1000;

/** True where no count of the poll contradicts itself. */
export function isSound({ baseline, halves }: Pick<HistorySample, 'baseline' | 'halves'>): boolean {
  return (
    cohortFaults('baseline', baseline).length === 0 &&
    (halves ?? []).every((half) => cohortFaults('baseline', half).length === 0)
  );
}

/** A slice's own past, as if it were a service. */
export function sliceHistory(history: readonly HistorySample[], slice: string): HistorySample[] {
  return history.flatMap(({ stage, t, slices }) => {
    const found = slices?.[slice];
    return found === undefined || !isSound(found) ? [] : [{ stage, t, ...found }];
  });
}

/** What was learnt of a slice, by metric. */
export function sliceLearnt({ dispersion, edges, edgeDispersion = {} }: Learnt, slice: string): Learnt {
  const within = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(all).flatMap(([name, one]) => {
        const end = `{${slice}}`;
        return name.endsWith(end) ? [[name.slice(0, -end.length), one] as const] : [];
      }),
    );
  return { dispersion: within(dispersion), edges: within(edges), edgeDispersion: within(edgeDispersion) };
}

/**
 * Learns from the baseline's polls before a rollout, in their order and at the rollout's poll step. Polls whose counts
 * contradict themselves are left out; a metric of which nothing can be said is absent.
 */
export function learn(plan: Plan, history: readonly HistorySample[]): Learnt {
  return finished(learning(plan, history));
}

/** The same, a curve a step. */
export function* learning(plan: Plan, history: readonly HistorySample[]): Steps<Learnt> {
  const sound = history.filter(isSound);
  const learnt: Learnt = { dispersion: {}, edges: {} };
  const curves: Record<string, readonly (Knots | null)[]> = {};
  yield;
  function* learnFrom(metric: RatioMetric | LatencyMetric, polls: readonly HistorySample[], name: string) {
    const { knots, edges, byEdge } =
      metric.kind === 'ratio' ? learnRatio(plan, metric, polls) : yield* learnLatency(plan, metric, polls);
    if (knots !== null) learnt.dispersion[name] = knots;
    if (edges.length > 0) learnt.edges[name] = edges;
    if (byEdge.some((one) => one !== null)) curves[name] = byEdge;
    yield;
  }
  // A value's scatter is measured on the rollout itself.
  for (const metric of plan.metrics.filter(isCounted)) yield* learnFrom(metric, sound, metric.name);
  for (const slice of planSlices(plan)) {
    const polls = sliceHistory(sound, slice);
    for (const metric of sliceMetrics(plan, slice))
      yield* learnFrom(metric, polls, partName({ metric: metric.name, slice }));
  }
  return Object.keys(curves).length === 0 ? learnt : { ...learnt, edgeDispersion: curves };
}

interface MetricLearnt {
  knots: Knots | null;
  edges: readonly number[];
  byEdge: readonly (Knots | null)[];
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
  return { knots, edges: [], byEdge: [] };
}

function* learnLatency(
  plan: Plan,
  metric: LatencyMetric,
  history: readonly HistorySample[],
): Steps<MetricLearnt> {
  let buckets: Buckets | null = null;
  for (const { baseline } of history) {
    const here = baseline.histograms[metric.name];
    if (here !== undefined) buckets = addHistograms(buckets, here);
  }
  const margin = tightestMargin(plan, metric.name);
  if (buckets === null || margin === null || histogramTotal(buckets) < FEWEST_REQUESTS)
    return { knots: null, edges: [], byEdge: [] };
  const edges = chooseEdges(buckets, { quantile: metric.quantile, margin });
  const curves: (Knots | null)[] = [];
  for (const edge of edges) {
    yield;
    const curve = curveOf(history, plan.analysis.noise, ({ histograms }) => {
      const here = histograms[metric.name];
      // Polls of other buckets tell nothing of this edge.
      return here === undefined || !finiteEdges(here).includes(edge)
        ? null
        : { events: countAbove(here, edge), total: histogramTotal(here) };
    });
    curves.push(curve);
  }
  return { knots: highest(curves), edges, byEdge: curves };
}

type Half = NonNullable<HistorySample['halves']>[0];

/** The dispersion of a count between the halves of the baseline. */
export function curveOf(
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

/** The smallest slowdown that any stage tests: edges that show it show the others. Null: none. */
export function tightestMargin(plan: Plan, metric: string): number | null {
  const margins = plan.stages.flatMap((stage, index) => {
    if (!isCompared(stage)) return [];
    const { soft, hard } = stageMetric(plan, index, metric);
    const margin = soft ?? hard;
    const slowdown = margin === null ? null : (margin.relative ?? margin.absolute);
    return slowdown === null ? [] : [slowdown];
  });
  if (margins.length > 0) return Math.min(...margins);
  // Without a margin its edges show the improvement that is asked.
  const asked = plan.stages.flatMap((stage, index) => {
    const improve = isCompared(stage) ? stageMetric(plan, index, metric).improve : null;
    return improve?.relative == null ? [] : [improve.relative];
  });
  return asked.length === 0 ? null : -Math.max(...asked);
}
