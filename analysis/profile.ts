import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, Count, HistorySample } from '../plans/sample.ts';
import { planSlices, sliceMetrics } from '../plans/slices.ts';
import { addHistograms, histogramTotal } from './histogram.ts';
import { isSound, type Learnt, learn, sliceHistory, sliceLearnt } from './history.ts';
import { badCount } from './margins.ts';
import { addScatter, NO_SCATTER, squaresOf } from './scatter.ts';
import { pairWeight, type ValueMetric, valueOf } from './value.ts';

/** What the baseline was like before a rollout, metric by metric, and what a gate would have learnt of it. */
export interface Profile {
  /** Polls that were evidence. */
  polls: number;
  learnt: Learnt;
  metrics: Readonly<Record<string, MetricProfile>>;
  /** By the plan's text of the slice: its metrics, with what was learnt of the slice. One that was not seen is absent. */
  slices: Readonly<Record<string, Pick<Profile, 'learnt' | 'metrics'>>>;
}

/**
 * `trials` are requests (observations) per poll; of a gauge, polls. Counts are of bad events, whichever way the plan writes the metric.
 * `squares`: what halves scatter as shares of the mean, by block size; empty: there were none.
 */
export type MetricProfile =
  | { kind: 'ratio'; trials: number; count: Count }
  | { kind: 'latency'; trials: number; buckets: Buckets; edges: readonly number[] }
  | { kind: 'value'; trials: number; mean: number; squares: readonly number[] };

/** Sums up the baseline's polls before a rollout. A metric without requests is absent. */
export function profileOf(plan: Plan, history: readonly HistorySample[]): Profile {
  const sound = history.filter(isSound);
  const learnt = learn(plan, sound);
  const slices = planSlices(plan).flatMap((slice) => {
    const own = sliceLearnt(learnt, slice);
    const metrics = profilesOf(sliceMetrics(plan, slice), sliceHistory(sound, slice), {
      learnt: own,
      polls: sound.length,
    });
    return Object.keys(metrics).length === 0 ? [] : [[slice, { learnt: own, metrics }] as const];
  });
  return {
    polls: sound.length,
    learnt,
    metrics: profilesOf(plan.metrics, sound, { learnt, polls: sound.length }),
    slices: Object.fromEntries(slices),
  };
}

interface Known {
  learnt: Learnt;
  /** Polls of the whole: a slice that was not seen in some of them had no requests then. */
  polls: number;
}

function profilesOf(
  metrics: readonly Metric[],
  history: readonly HistorySample[],
  known: Known,
): Profile['metrics'] {
  const found: Record<string, MetricProfile> = {};
  for (const metric of metrics) {
    const profile = metricProfile(metric, history, known);
    if (profile !== null) found[metric.name] = profile;
  }
  return found;
}

function metricProfile(
  metric: Metric,
  history: readonly HistorySample[],
  { learnt, polls }: Known,
): MetricProfile | null {
  const { name } = metric;
  switch (metric.kind) {
    case 'ratio': {
      const count = { events: 0, total: 0 };
      for (const { baseline } of history) {
        const here = baseline.ratios[name];
        if (here === undefined) continue;
        count.events += badCount(metric, here).events;
        count.total += here.total;
      }
      return count.total > 0 ? { kind: 'ratio', trials: count.total / polls, count } : null;
    }
    case 'latency': {
      let buckets: Buckets | null = null;
      for (const { baseline } of history) {
        const here = baseline.histograms[name];
        if (here !== undefined) buckets = addHistograms(buckets, here);
      }
      const total = buckets === null ? 0 : histogramTotal(buckets);
      if (buckets === null || total === 0) return null;
      return { kind: 'latency', trials: total / polls, buckets, edges: learnt.edges[name] ?? [] };
    }
    case 'mean':
    case 'gauge':
      return valueProfile(metric, history);
  }
}

/** The mean, and what the halves differ by as a gate's own scatter counts it. */
function valueProfile(metric: ValueMetric, history: readonly HistorySample[]): MetricProfile | null {
  let [sum, weight] = [0, 0];
  for (const { baseline } of history) {
    const here = valueOf(metric, baseline);
    if (here === null) continue;
    sum += here.value * here.weight;
    weight += here.weight;
  }
  const mean = sum / weight;
  if (!(weight > 0) || !Number.isFinite(mean)) return null;
  let scatter = NO_SCATTER;
  for (const { halves } of history) {
    const [first, second] = halves?.map((half) => valueOf(metric, half)) ?? [];
    if (first == null || second == null || !(first.weight > 0) || !(second.weight > 0) || mean === 0)
      continue;
    const W = pairWeight(metric, first, second);
    scatter = addScatter(scatter, { Y: (W * (first.value - second.value)) / Math.abs(mean), W });
  }
  return { kind: 'value', trials: weight / history.length, mean, squares: squaresOf(scatter) };
}
