import type { Metric } from '../plans/metric.ts';
import type { Sample } from '../plans/sample.ts';
import { addHistograms, quantileOf } from './histogram.ts';

/** 95 % of a normal, two-sided. */
const Z = 1.959964;

export type Band = [low: number, high: number];

/**
 * Where a cohort's value of these polls alone may lie, for people who look at a chart: it decides nothing. Of a rate
 * Wilson's interval, of a quantile the quantiles at q ± z·√(q(1-q)/n) of the same histogram; of means and gauges
 * the scatter is not known.
 */
export function bandIn(
  metric: Metric,
  samples: readonly Sample[],
  cohort: 'baseline' | 'canary',
): Band | null {
  const cohorts = samples.map((sample) => sample[cohort]);
  if (metric.kind === 'ratio') {
    const counts = cohorts.flatMap(({ ratios }) => ratios[metric.name] ?? []);
    const sum = (of: 'events' | 'total') => counts.reduce((all, count) => all + count[of], 0);
    return wilson(sum('events'), sum('total'));
  }
  if (metric.kind !== 'latency') return null;
  const [first, ...others] = cohorts.flatMap(({ histograms }) => {
    const own = histograms[metric.name];
    return own === undefined ? [] : [own];
  });
  if (first === undefined) return null;
  const all = others.reduce(addHistograms, first);
  const n = all.at(-1)?.[1] ?? 0;
  const { quantile } = metric;
  const off = n > 0 ? Z * Math.sqrt((quantile * (1 - quantile)) / n) : 1;
  const low = quantileOf(all, Math.max(0, quantile - off));
  const high = quantileOf(all, Math.min(1, quantile + off));
  return low === null || high === null || !Number.isFinite(high) ? null : [low, high];
}

/** Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953. */
function wilson(events: number, total: number): Band | null {
  if (!(total > 0) || !Number.isFinite(events)) return null;
  const rate = Math.min(1, Math.max(0, events / total));
  const z2 = (Z * Z) / total;
  const middle = (rate + z2 / 2) / (1 + z2);
  const half = (Z / (1 + z2)) * Math.sqrt((rate * (1 - rate)) / total + z2 / (4 * total));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
