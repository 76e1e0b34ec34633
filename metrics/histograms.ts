import type { Buckets } from '../plans/sample.ts';
import type { Counted } from './differences.ts';
import { seriesText } from './series.ts';

/** Upper edges in ascending order; the last is `Infinity`. */
export type Edges = readonly number[];

/**
 * The bucket edges that every histogram of a metric has, in both cohorts: cumulative counts can be added only at
 * edges that all of them know. Two builds with different buckets are compared on what they share.
 * A text says why there are none.
 */
export function sharedEdges(buckets: readonly Counted[]): Edges | string {
  const groups = new Set<string>();
  const having = new Map<number, Set<string>>();
  for (const { series } of buckets) {
    const { le = '', ...others } = series.labels;
    const edge = edgeOf(le);
    if (Number.isNaN(edge)) return `${series.id} has no usable le label`;
    const group = seriesText(others);
    groups.add(group);
    having.set(edge, (having.get(edge) ?? new Set()).add(group));
  }
  const edges = [...having].filter(([, owners]) => owners.size === groups.size).map(([edge]) => edge);
  edges.sort((a, b) => a - b);
  if (groups.size > 0 && edges.at(-1) !== Number.POSITIVE_INFINITY) return 'a histogram has no +Inf bucket';
  if (edges.length === 1 && having.size > 1) return 'the histograms have no bucket edge in common';
  return edges;
}

/** Counts per edge, added over all series in their order. */
export function sumBuckets(buckets: readonly Counted[], edges: Edges): Buckets {
  const sums = new Map<number, number>(edges.map((edge) => [edge, 0]));
  for (const { series, value } of buckets) {
    const edge = edgeOf(series.labels['le'] ?? '');
    const sum = sums.get(edge);
    if (sum !== undefined) sums.set(edge, sum + value);
  }
  return edges.map((edge) => [edge === Number.POSITIVE_INFINITY ? '+Inf' : edge, sums.get(edge) ?? 0]);
}

/** All observations of a histogram. */
export function observations(buckets: Buckets): number {
  return buckets.at(-1)?.[1] ?? 0;
}

/** Cumulative counts never fall from one edge to the next. */
export function isCumulative(buckets: Buckets): boolean {
  return buckets.every(([, count], index) => count >= (buckets[index - 1]?.[1] ?? 0));
}

function edgeOf(le: string): number {
  if (le === '+Inf') return Number.POSITIVE_INFINITY;
  return le === '' ? Number.NaN : Number(le);
}
