import type { Buckets, Sample } from '../plans/sample.ts';
import type { BucketLook, LatencyEvidence } from './evidence.ts';
import { finiteEdges, reaches } from './histogram.ts';

/** One latency in one poll. */
export interface BucketPair {
  baseline: Buckets;
  canary: Buckets;
  /** Edges that only some processes of a cohort have. */
  uncommon: readonly number[];
}

export function bucketPair(sample: Sample, metric: string): BucketPair | null {
  const baseline = sample.baseline.histograms[metric];
  const canary = sample.canary.histograms[metric];
  if (baseline === undefined || canary === undefined) return null;
  const uncommon = [sample.baseline, sample.canary].flatMap((cohort) => cohort.uncommon?.[metric] ?? []);
  return { baseline, canary, uncommon };
}

/** Edges that are remembered for people. */
const MOST_TOLD = 6;

/** What of a poll's buckets can be used; `blind` is the caller's to find. */
export function lookAt(
  pair: BucketPair,
  before: BucketLook | undefined,
): Omit<BucketLook, 'gone' | 'blind' | 'floor'> {
  const ours = new Set(finiteEdges(pair.canary));
  const theirs = new Set(finiteEdges(pair.baseline));
  const common = [...theirs].filter((edge) => ours.has(edge));
  const shared = new Set(common);
  const apart = new Set([...theirs, ...ours, ...pair.uncommon].filter((edge) => !shared.has(edge)));
  return {
    common,
    apart: [...apart].sort((a, b) => a - b).slice(0, MOST_TOLD),
    changed: before !== undefined && (before.changed || otherEdges(before.common, common)),
  };
}

/**
 * True where one of them has an edge within the range of the other that the other lacks. A native histogram shows only
 * the range in which something was seen: that it grows is no change.
 */
function otherEdges(before: readonly number[], now: readonly number[]): boolean {
  const lacks = (a: readonly number[], b: readonly number[]) => {
    const [low, high] = [a[0], a.at(-1)];
    return low !== undefined && high !== undefined && b.some((x) => x > low && x < high && !a.includes(x));
  };
  return lacks(before, now) || lacks(now, before) || (before.length > 0 && now.length === 0);
}

/**
 * The edges under test that a poll can be tested on: both cohorts have them, and the baseline's counterpart
 * `e/(1+margin)` lies within its buckets (or did not when the edges were first used).
 */
export function usableEdges(
  edges: readonly number[],
  at: { pair: BucketPair; common: readonly number[]; margin: number; floor: number | null },
): number[] {
  const first = finiteEdges(at.pair.baseline)[0] ?? Number.POSITIVE_INFINITY;
  const lowest = Math.max(first, 0);
  const within = (edge: number) =>
    reaches(edge / (1 + at.margin), lowest) || at.floor === null || lowest <= at.floor;
  return edges.filter((edge) => at.common.includes(edge) && within(edge));
}

/** What a reader of the verdict must know of a latency's buckets; null: nothing. */
export function bucketWarning(metric: string, { edges, buckets }: LatencyEvidence): string | null {
  if (buckets === undefined) return null;
  if (buckets.blind) return `${metric} has no data: ${blindText({ edges, buckets })}`;
  if (buckets.gone.length > 0) {
    const left = (edges ?? []).filter((edge) => !buckets.gone.includes(edge));
    return `${metric} is tested on ${edgesText(left)} alone: ${absentText(buckets.gone)}`;
  }
  if (buckets.apart.length > 0)
    return `${metric}: not all processes have the same bucket edges (${edgesText(buckets.apart)}); it is compared on those that all have`;
  return buckets.changed
    ? `${metric}: the bucket edges have changed in this stage; it is compared on those under test that are still there`
    : null;
}

/** Why a latency has no data although there are buckets. */
export function blindText({
  edges,
  buckets,
}: {
  edges: LatencyEvidence['edges'];
  buckets: Pick<BucketLook, 'apart'>;
}): string {
  if (edges !== null && edges.length > 0) return absentText(edges);
  const apart = buckets.apart.length > 0 ? ` (${edgesText(buckets.apart)} not in all of them)` : '';
  return `the histograms have too few bucket edges in common${apart}`;
}

function absentText(edges: readonly number[]): string {
  return `the bucket ${edges.length === 1 ? 'edge' : 'edges'} ${edgesText(edges)} under test ${
    edges.length === 1 ? 'is' : 'are'
  } no longer in the histograms of both cohorts, or without buckets below`;
}

function edgesText(edges: readonly number[]): string {
  return edges.map((edge) => `${Number(edge.toPrecision(4))} s`).join(', ');
}
