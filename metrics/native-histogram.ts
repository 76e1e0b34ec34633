/**
 * One scrape of a native histogram. Its buckets are those that hold something, ascending; `schema` is its resolution
 * (2^schema edges per doubling), `custom` where its edges follow no such rule, null where no bucket tells.
 */
export interface NativeSample {
  count: number;
  lowers: readonly number[];
  uppers: readonly number[];
  counts: readonly number[];
  schema: number | 'custom' | null;
  /** Upper edge of the bucket around zero, inside which nothing is told apart; 0: it is empty. */
  zero: number;
}

/** What a series had counted at both ends of a window; `before` is null where it was born in it. */
export interface Growth {
  before: NativeSample | null;
  after: NativeSample;
}

/** Significant digits of an edge: client, server and this program compute powers of two with different last bits. */
const DIGITS = 6;
/** What that moves an edge by at most, as a share of it. */
const SAME = 1e-5;

export function roundedEdge(edge: number): number {
  return Number.isFinite(edge) ? Number(edge.toPrecision(DIGITS)) : edge;
}

/** Buckets as the HTTP API lists them, with the numbers read. */
export function nativeSample(
  count: number,
  buckets: readonly (readonly [lower: number, upper: number, count: number])[],
): NativeSample {
  const all = buckets
    .map(([lower, upper, held]) => [roundedEdge(lower), roundedEdge(upper), held] as const)
    .sort((a, b) => a[1] - b[1]);
  return {
    count,
    lowers: all.map(([lower]) => lower),
    uppers: all.map(([, upper]) => upper),
    counts: all.map(([, , held]) => held),
    schema: schemaOf(all),
    zero: Math.max(0, ...all.filter(([lower, upper]) => lower <= 0 && upper > 0).map(([, upper]) => upper)),
  };
}

function schemaOf(buckets: readonly (readonly [number, number, number])[]): NativeSample['schema'] {
  let schema: number | null = null;
  for (const [lower, upper] of buckets) {
    if (!(lower > 0) || !Number.isFinite(upper)) continue;
    const exact = -Math.log2(Math.log2(upper / lower));
    const here = Math.round(exact);
    if (Math.abs(exact - here) > 0.01 || (schema !== null && schema !== here)) return 'custom';
    if (!onLattice(upper, here)) return 'custom';
    schema = here;
  }
  return schema;
}

/** True where `edge` is a power of two to a multiple of 2^-schema. */
export function onLattice(edge: number, schema: number): boolean {
  const index = Math.log2(edge) * 2 ** schema;
  return Math.abs(index - Math.round(index)) < SAME * 2 ** schema;
}

/**
 * True where the histogram tells how many lie up to `edge`. By its layout and not by what it happens to hold: were an
 * edge used only while nothing lies around it, just the windows with slow requests would be left out.
 */
export function knows({ schema, zero, lowers, uppers }: NativeSample, edge: number): boolean {
  if (edge < zero) return false;
  if (typeof schema === 'number') return onLattice(edge, schema);
  // Custom edges are known only where a bucket shows them.
  return schema === null || uppers.every((upper, i) => edge <= (lowers[i] ?? 0) || edge >= upper);
}

/** True where both ends of a window know an edge. */
export function growthKnows({ before, after }: Growth, edge: number): boolean {
  return knows(after, edge) && (before === null || knows(before, edge));
}

/** Counts up to each of ascending edges. */
function countsUpTo(sample: NativeSample | null, edges: readonly number[]): number[] {
  let next = 0;
  let sum = 0;
  return edges.map((edge) => {
    while (sample !== null && (sample.uppers[next] ?? Number.POSITIVE_INFINITY) <= edge * (1 + SAME)) {
      sum += sample.counts[next] ?? 0;
      next += 1;
    }
    return sum;
  });
}

/** By how much the counts up to each of ascending edges grew. */
export function growthsUpTo({ before, after }: Growth, edges: readonly number[]): number[] {
  const earlier = countsUpTo(before, edges);
  return countsUpTo(after, edges).map((count, i) => count - (earlier[i] ?? 0));
}

export function grownTo(growth: Growth, edge: number): number {
  return growthsUpTo(growth, [edge])[0] ?? 0;
}

/** True where a bucket holds less than at the scrape before: the histogram has begun again. Compared on the edges that both have. */
export function hasShrunk(before: NativeSample, after: NativeSample): boolean {
  if (after.count < before.count) return true;
  const same = before.schema === after.schema && before.schema !== 'custom' && before.zero === after.zero;
  const all = [...new Set([...before.uppers, ...after.uppers])].filter(Number.isFinite).sort((a, b) => a - b);
  const edges = same ? all : all.filter((edge) => knows(before, edge) && knows(after, edge));
  const earlier = countsUpTo(before, edges);
  const later = countsUpTo(after, edges);
  return edges.some((_, i) => between(later, i) < between(earlier, i));
}

/** What lies between an edge and the one before. */
function between(counts: readonly number[], i: number): number {
  return (counts[i] ?? 0) - (counts[i - 1] ?? 0);
}

/** True for what a scrape cannot have counted. */
export function isNoCount({ count, counts }: NativeSample): boolean {
  return [count, ...counts].some((held) => !Number.isFinite(held) || held < 0);
}
