import type { MeanMetric, Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, Count, HistorySample } from '../plans/sample.ts';
import { addHistograms, histogramTotal } from './histogram.ts';
import type { Learnt } from './history.ts';
import { learn } from './history.ts';
import { badCount } from './margins.ts';
import { addScatter, NO_SCATTER, squaresOf } from './scatter.ts';
import { cohortFaults } from './soundness.ts';
import { pairWeight, valueOf } from './value.ts';

/** What the baseline was like before a rollout, metric by metric, and what a gate would have learnt of it. */
export interface Profile {
  /** Polls that were evidence. */
  polls: number;
  learnt: Learnt;
  metrics: Readonly<Record<string, MetricProfile>>;
}

/**
 * `trials` are requests (observations) per poll. Counts are of bad events, whichever way the plan writes the metric.
 * `squares`: what halves scatter as shares of the mean, by block size; empty: there were none.
 */
export type MetricProfile =
  | { kind: 'ratio'; trials: number; count: Count }
  | { kind: 'latency'; trials: number; buckets: Buckets; edges: readonly number[] }
  | { kind: 'mean'; trials: number; mean: number; squares: readonly number[] }
  | { kind: 'gauge' };

/** Sums up the baseline's polls before a rollout. A metric without requests is absent. */
export function profileOf(plan: Plan, history: readonly HistorySample[]): Profile {
  const sound = history.filter(
    ({ baseline, halves }) =>
      cohortFaults('baseline', baseline).length === 0 &&
      (halves ?? []).every((half) => cohortFaults('baseline', half).length === 0),
  );
  const learnt = learn(plan, sound);
  const metrics: Record<string, MetricProfile> = {};
  for (const metric of plan.metrics) {
    const profile = metricProfile(metric, sound, learnt);
    if (profile !== null) metrics[metric.name] = profile;
  }
  return { polls: sound.length, learnt, metrics };
}

function metricProfile(
  metric: Metric,
  history: readonly HistorySample[],
  learnt: Learnt,
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
      return count.total > 0 ? { kind: 'ratio', trials: count.total / history.length, count } : null;
    }
    case 'latency': {
      let buckets: Buckets | null = null;
      for (const { baseline } of history) {
        const here = baseline.histograms[name];
        if (here !== undefined) buckets = addHistograms(buckets, here);
      }
      const total = buckets === null ? 0 : histogramTotal(buckets);
      if (buckets === null || total === 0) return null;
      return { kind: 'latency', trials: total / history.length, buckets, edges: learnt.edges[name] ?? [] };
    }
    case 'mean':
      return meanProfile(metric, history);
    case 'gauge':
      return { kind: 'gauge' };
  }
}

/** The mean, and what the halves differ by as a gate's own scatter counts it. */
function meanProfile(metric: MeanMetric, history: readonly HistorySample[]): MetricProfile | null {
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
  return { kind: 'mean', trials: weight / history.length, mean, squares: squaresOf(scatter) };
}
