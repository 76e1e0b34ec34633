import { type Growth, knows, type NativeSample, onLattice, roundedEdge } from './native-histogram.ts';

/** Edges per doubling, and how many of them go into a sample at most: fifteen doublings, such as 2 ms to a minute. */
const PER_DOUBLING = 4;
const MOST_EDGES = 60;

/**
 * The edges at which a cohort's native histograms are added up. A sample cannot carry the hundreds that a histogram
 * may have, and edges that came and went from window to window could not be tested on: so they are the powers of
 * two to quarters, the same in every window, over the range in which anything was ever counted; beyond 60 the lowest are merged, as
 * what is slow is tested. Where a histogram is coarser, the edges that it has; where its edges are custom ones, the
 * highest in each quarter. Beside them the `wanted` ones, which are under test. Ascending, finite.
 */
export function nativeEdges(
  growths: readonly Growth[],
  { range, wanted }: { range: readonly Growth[]; wanted: readonly number[] },
): number[] {
  const known = knownTo(growths.flatMap(samplesOf));
  const bounds = boundsOf(range);
  const kept = new Set(wanted.filter(known));
  const cells = new Map<number, number[]>();
  for (const bound of bounds) cells.set(cellOf(bound), [...(cells.get(cellOf(bound)) ?? []), bound]);
  const [low, high] = [bounds[0], bounds.at(-1)];
  if (low === undefined || high === undefined) return [...kept].sort((a, b) => a - b);
  const edges: number[] = [];
  for (let cell = cellOf(high); cell >= cellOf(low) && edges.length < MOST_EDGES; cell--) {
    const point = roundedEdge(2 ** (cell / PER_DOUBLING));
    const found = known(point) ? point : cells.get(cell)?.findLast(known);
    if (found !== undefined) edges.push(found);
  }
  return [...new Set([...edges, ...kept])].sort((a, b) => a - b);
}

/** The quarter of a doubling whose upper end is at or above the edge. */
function cellOf(edge: number): number {
  return Math.ceil(Math.log2(edge) * PER_DOUBLING - 0.001);
}

/** Ascending positive edges of all buckets that hold something; of what holds zeros alone its own. */
function boundsOf(growths: readonly Growth[]): number[] {
  const bounds = new Set<number>();
  let zero = 0;
  for (const { after } of growths) {
    zero = Math.max(zero, after.zero);
    after.uppers.forEach((upper, i) => {
      const lower = after.lowers[i] ?? 0;
      if (!(lower > 0)) return;
      bounds.add(lower);
      if (Number.isFinite(upper)) bounds.add(upper);
    });
  }
  if (bounds.size === 0 && zero > 0) bounds.add(zero);
  return [...bounds].sort((a, b) => a - b);
}

/** Tells whether all of the samples know an edge. */
function knownTo(samples: readonly NativeSample[]): (edge: number) => boolean {
  const schemas = samples.flatMap(({ schema }) => (typeof schema === 'number' ? [schema] : []));
  const zero = Math.max(0, ...samples.map((sample) => sample.zero));
  // An edge of the coarsest is an edge of all the finer ones.
  const coarsest = schemas.length === 0 ? null : schemas.reduce((a, b) => Math.min(a, b));
  const custom = samples.filter(({ schema }) => schema === 'custom');
  return (edge) =>
    edge > 0 &&
    edge >= zero &&
    (coarsest === null || onLattice(edge, coarsest)) &&
    custom.every((sample) => knows(sample, edge));
}

function samplesOf({ before, after }: Growth): NativeSample[] {
  return before === null ? [after] : [before, after];
}
