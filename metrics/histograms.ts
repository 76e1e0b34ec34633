import type { Buckets } from '../plans/sample.ts';
import type { Counted } from './differences.ts';
import { nativeEdges } from './native-edges.ts';
import { type Growth, growthKnows, growthsUpTo } from './native-histogram.ts';
import { histogramText } from './series.ts';

/** Upper edges in ascending order; the last is `Infinity`. */
export type Edges = readonly number[];

/** At which edges the histograms of one cohort can be added up. */
export interface Layout {
  edges: Edges;
  /** Finite edges that only some of them have. */
  uncommon: readonly number[];
}

/**
 * The bucket edges that every histogram of a cohort has: cumulative counts can be added only at edges that all of them
 * know. Cohorts, and windows, may differ in their edges; what they share is the analysis's to find. A text says why
 * the histograms are none. `all`: the histograms of both cohorts, so that native ones are given at the same edges.
 */
export function layoutOf(
  cohort: readonly Counted[],
  { all, wanted }: { all: readonly Counted[]; wanted: readonly number[] },
): Layout | string {
  const growths = growthsOf(cohort);
  const classic = cohort.filter(({ growth }) => growth === undefined);
  if (classic.length === 0) {
    const kept = [...wanted, ...(classicEdges(all.filter(({ growth }) => growth === undefined)) ?? [])];
    const edges = nativeEdges(growths, { range: growthsOf(all), wanted: kept });
    return { edges: [...edges, Number.POSITIVE_INFINITY], uncommon: [] };
  }
  const shared = sharedEdges(classic);
  if (typeof shared === 'string' || growths.length === 0) return shared;
  const known = (edge: number) =>
    !Number.isFinite(edge) || growths.every((growth) => growthKnows(growth, edge));
  const uncommon = [...shared.uncommon, ...shared.edges.filter((edge) => !known(edge))];
  return { edges: shared.edges.filter(known), uncommon: uncommon.sort((a, b) => a - b) };
}

/** Finite edges that all of some classic histograms have; null: there are none, or they have none. */
export function classicEdges(buckets: readonly Counted[]): readonly number[] | null {
  const shared = buckets.length === 0 ? null : sharedEdges(buckets);
  return shared === null || typeof shared === 'string' ? null : shared.edges.filter(Number.isFinite);
}

function growthsOf(counted: readonly Counted[]): Growth[] {
  return counted.flatMap(({ growth }) => (growth === undefined ? [] : [growth]));
}

function sharedEdges(buckets: readonly Counted[]): Layout | string {
  const groups = new Set<string>();
  const having = new Map<number, Set<string>>();
  for (const { series } of buckets) {
    const edge = edgeOf(series.labels['le'] ?? '');
    if (Number.isNaN(edge)) return `${series.id} has no usable le label`;
    const group = histogramText(series.labels);
    groups.add(group);
    having.set(edge, (having.get(edge) ?? new Set()).add(group));
  }
  const all = [...having.keys()].sort((a, b) => a - b);
  const edges = all.filter((edge) => having.get(edge)?.size === groups.size);
  if (edges.at(-1) !== Number.POSITIVE_INFINITY) return 'a histogram has no +Inf bucket';
  return { edges, uncommon: all.filter((edge) => !edges.includes(edge)) };
}

/** Counts per edge, added over all series in their order. */
export function sumBuckets(counted: readonly Counted[], edges: Edges): Buckets {
  const sums = new Map<number, number>(edges.map((edge) => [edge, 0]));
  const add = (edge: number, value: number) => {
    const sum = sums.get(edge);
    if (sum !== undefined) sums.set(edge, sum + value);
  };
  const finite = edges.filter(Number.isFinite);
  for (const { series, value, growth } of counted) {
    if (growth === undefined) {
      add(edgeOf(series.labels['le'] ?? ''), value);
      continue;
    }
    const grown = growthsUpTo(growth, finite);
    finite.forEach((edge, i) => {
      add(edge, grown[i] ?? 0);
    });
    // What was no number lies in no bucket.
    add(Number.POSITIVE_INFINITY, value);
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
