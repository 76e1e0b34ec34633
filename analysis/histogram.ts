import type { Buckets } from '../plans/sample.ts';

/** Requests of a histogram: the count at its last edge. */
export function histogramTotal(buckets: Buckets): number {
  return buckets.at(-1)?.[1] ?? 0;
}

/**
 * Sum of two histograms. With other edges (a new build may bring them) at the edges that both know, as long as these
 * have all that the newer one can show; else the newer one alone.
 */
export function addHistograms(older: Buckets | null, newer: Buckets): Buckets {
  return addNeeded(older, { newer, needed: finiteEdges(newer) });
}

/** The same, where it is enough that the `needed` edges are kept: those under test. */
export function addNeeded(
  older: Buckets | null,
  { newer, needed }: { newer: Buckets; needed: readonly number[] },
): Buckets {
  if (older === null) return newer;
  if (sameEdges(older, newer)) return newer.map(([edge, count], i) => [edge, count + (older[i]?.[1] ?? 0)]);
  const sum = (edges: Iterable<number>) =>
    [...edges].flatMap((edge): [number, number][] => {
      const [a, b] = [countAt(older, edge), countAt(newer, edge)];
      return a === null || b === null ? [] : [[edge, a + b]];
    });
  const kept = sum(needed).length;
  if (kept === 0 || kept < needed.filter((edge) => countAt(newer, edge) !== null).length) return newer;
  const all = new Set([...finiteEdges(older), ...finiteEdges(newer)]);
  // What is summed for weeks must not grow with every edge that ever was.
  const edges = all.size > MOST_SUMMED ? new Set([...finiteEdges(newer), ...needed]) : all;
  const total = histogramTotal(older) + histogramTotal(newer);
  return [...sum(edges).sort(([a], [b]) => a - b), ['+Inf', total]];
}

const MOST_SUMMED = 256;

function sameEdges(a: Buckets, b: Buckets): boolean {
  return a.length === b.length && a.every(([edge], i) => edge === b[i]?.[0]);
}

/** Finite edges, ascending. */
export function finiteEdges(buckets: Buckets): number[] {
  return buckets.flatMap(([edge]) => (edge === '+Inf' ? [] : [edge]));
}

/** Requests up to `x` seconds where the histogram tells exactly: at an edge, and inside an empty bucket. Else null. */
export function countAt(buckets: Buckets, x: number): number | null {
  let below = 0;
  for (const [edge, count] of buckets) {
    if (edge === x) return count;
    if (edge === '+Inf' || edge > x) return count === below ? count : null;
    below = count;
  }
  return null;
}

/**
 * Requests slower than `x` seconds, interpolated on survival counts: log-log between edges, linear in ln x down to
 * an empty bucket, linear in x below the first edge. Beyond the last finite edge: the count above that edge.
 */
export function countAbove(buckets: Buckets, x: number): number {
  const total = histogramTotal(buckets);
  let low = 0;
  let above = total;
  for (const [edge, count] of buckets) {
    if (edge === '+Inf') return above;
    const here = total - count;
    if (x === edge) return here;
    if (x < edge)
      return low === 0 ? total + (here - total) * (x / edge) : between({ low, above, edge, here }, x);
    low = edge;
    above = here;
  }
  return above;
}

interface Bracket {
  low: number;
  above: number;
  edge: number;
  here: number;
}

function between({ low, above, edge, here }: Bracket, x: number): number {
  if (above <= 0) return 0;
  const share = Math.log(x / low) / Math.log(edge / low);
  return here > 0 ? above * (here / above) ** share : above * (1 - share);
}

/** The quantile in seconds by the same interpolation, for people; null without requests or finite edges. */
export function quantileOf(buckets: Buckets, quantile: number): number | null {
  const total = histogramTotal(buckets);
  if (!(total > 0) || buckets.length < 2) return null;
  const target = (1 - quantile) * total;
  let low = 0;
  let above = total;
  for (const [edge, count] of buckets) {
    if (edge === '+Inf') return low;
    const here = total - count;
    if (here <= target) {
      if (low === 0) return edge * ((total - target) / (total - here));
      if (above <= here) return edge;
      const share = here > 0 ? Math.log(target / above) / Math.log(here / above) : 1 - target / above;
      return low * (edge / low) ** share;
    }
    low = edge;
    above = here;
  }
  return low;
}

/** True where `x` is `y` at least, but for rounding: the same edges in another unit must give the same answer. */
export function reaches(x: number, y: number): boolean {
  return x >= y * (1 - 1e-9);
}

const MOST_EDGES = 4;
const EXCEEDANCE = [0.005, 0.2] as const;

/**
 * The edges on which a latency is tested: those that 0.5 to 20 % of the baseline's requests exceed and whose
 * counterpart e/(1+m), which an improvement (m < 0) has above the edge, lies within the buckets; of more than four the nearest to the quantile, nearest first.
 * `baseline` must not be data under test. Empty: the buckets cannot show this margin, the metric is advisory.
 * `among`: only these, which both cohorts have.
 */
export function chooseEdges(
  baseline: Buckets,
  metric: { quantile: number; margin: number; among?: readonly number[] },
): number[] {
  const total = histogramTotal(baseline);
  const first = baseline[0]?.[0];
  if (!(total > 0) || first === undefined || first === '+Inf') return [];
  const last = finiteEdges(baseline).at(-1) ?? first;
  const distance = (share: number) => Math.abs(Math.log(share / (1 - metric.quantile)));
  return baseline
    .flatMap(([edge, count]) => (edge === '+Inf' ? [] : [{ edge, share: 1 - count / total }]))
    .filter(
      ({ edge, share }) =>
        metric.among?.includes(edge) !== false &&
        share >= EXCEEDANCE[0] &&
        share <= EXCEEDANCE[1] &&
        reaches(edge / (1 + metric.margin), first) &&
        reaches(last, edge / (1 + metric.margin)),
    )
    .sort((a, b) => distance(a.share) - distance(b.share) || a.edge - b.edge)
    .slice(0, MOST_EDGES)
    .map(({ edge }) => edge);
}

/** Whether a quantile lies above the last finite edge, so that no more than this is known of it. */
export function isBeyond(buckets: Buckets, quantile: number): boolean {
  const total = histogramTotal(buckets);
  const last = buckets.findLast(([edge]) => edge !== '+Inf')?.[0];
  return (
    typeof last === 'number' && total > 0 && countAbove(buckets, last) > (1 - quantile) * total * (1 + 1e-9)
  );
}
