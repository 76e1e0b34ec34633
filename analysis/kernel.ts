import { Stretches } from './stretches.ts';

/** Events among trials of both cohorts over one window. */
export interface PollCounts {
  canaryEvents: number;
  canaryTotal: number;
  baselineEvents: number;
  baselineTotal: number;
}

/** One poll against a margin: score, its variance by counting alone, the factor of the variance between polls. */
export interface Score {
  y: number;
  V: number;
  Q: number;
  nH: number;
}

/** Sums of scores of one segment of time with one planned share; `c` is the bound on a score's upward jump. */
export interface SegmentSums {
  S: number;
  V: number;
  Q: number;
  c: number;
}

const POINTS = 24;

/** The grid of bets: 0.01 to 3, evenly spaced in the logarithm. */
export const LAMBDAS: readonly number[] = Array.from(
  { length: POINTS },
  (_, k) => 0.01 * 300 ** (k / (POINTS - 1)),
);

const NOTHING: Score = { y: 0, V: 0, Q: 0, nH: 0 };

/**
 * Score of one poll for H0: canary rate - baseline rate <= d. Each poll is its own stratum, so what both
 * cohorts share cancels. A poll without events or without one of the cohorts scores nothing.
 */
export function score(counts: PollCounts, d: number): Score {
  const { canaryEvents: xc, canaryTotal: nc, baselineEvents: xb, baselineTotal: nb } = counts;
  const n = nc + nb;
  if (nc <= 0 || nb <= 0) return NOTHING;
  const hc = nc / n;
  const hb = nb / n;
  const nH = (nc * nb) / n;
  const pb = clip((xc + xb - nc * d) / n);
  const pc = clip(pb + d);
  const V = hb * hb * nc * pc + hc * hc * nb * pb;
  if (V === 0) return NOTHING;
  return { y: hb * xc - hc * xb - nH * d, V, Q: nH * nH * (pc * pc + pb * pb), nH };
}

function clip(rate: number): number {
  return Math.min(1, Math.max(0, rate));
}

/** psi_c(l) = (exp(c*l) - 1 - c*l) / c^2, by its series where the closed form would cancel. */
export function psi(c: number, l: number): number {
  const x = c * l;
  if (Math.abs(x) > 0.5) return (Math.exp(x) - 1 - x) / (c * c);
  let term = 0.5;
  let sum = 0.5;
  for (let k = 3; k < 18; k++) {
    term *= x / k;
    sum += term;
  }
  return l * l * sum;
}

const GRID = Float64Array.from(LAMBDAS);
const tables = new Map<number, Float64Array>();
/** The last one: most components have lived in one segment, the present one. */
let latest: { c: number; table: Float64Array } = { c: Number.NaN, table: new Float64Array(POINTS) };

/** psi_c on the grid of bets; remembered, since a plan has only a few shares. */
function psiTable(c: number): Float64Array {
  if (c === latest.c) return latest.table;
  let table = tables.get(c);
  if (table === undefined) {
    if (tables.size > 256) tables.clear();
    table = Float64Array.from(LAMBDAS, (l) => psi(c, l));
    tables.set(c, table);
  }
  latest = { c, table };
  return table;
}

/** ln of the evidence of one component from its sums per segment, `G` the dispersion at its present age. */
export function lnEvidence(segments: readonly SegmentSums[], G: number): number {
  SEGMENTS.clear();
  for (const { S, V, Q, c } of segments) SEGMENTS.add({ S, V, Q, plainS: 0, c });
  return lnEvidenceOf(SEGMENTS, G);
}

/** The same. Mixture of 24 Bennett-type supermartingales; each segment is discounted by f = 1 + G*Q/V. */
export function lnEvidenceOf(stretches: Stretches, G: number): number {
  let bets = 0;
  for (let s = 0; s < stretches.length; s++) {
    const V = stretches.V[s] ?? 0;
    if (!(V > 0)) continue;
    const f = 1 + (G * (stretches.Q[s] ?? 0)) / V;
    const gain = (stretches.S[s] ?? 0) / f;
    const variance = V / f;
    const table = psiTable(stretches.c[s] ?? 1);
    if (stretches.length === 1) {
      bets = exponentsOf(table, gain, variance);
      continue;
    }
    if (bets === 0) EXPONENTS.fill(0);
    bets = POINTS;
    for (let k = 0; k < POINTS; k++) {
      EXPONENTS[k] = (EXPONENTS[k] ?? 0) + (GRID[k] ?? 0) * gain - (table[k] ?? 0) * variance;
    }
  }
  // Without data every bet stands where it began.
  return bets === 0 ? 0 : lnSum(EXPONENTS, bets) - LN_POINTS;
}

/**
 * The exponents of the bets on one segment, and how many of them there are. They are concave in the size of the bet: once one
 * has fallen so far behind the best that no sum would feel it, the larger ones have too.
 */
function exponentsOf(table: Float64Array, gain: number, variance: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < POINTS; k++) {
    const exponent = (GRID[k] ?? 0) * gain - (table[k] ?? 0) * variance;
    EXPONENTS[k] = exponent;
    if (exponent > top) top = exponent;
    else if (exponent - top < UNFELT) return k;
  }
  return POINTS;
}

const SEGMENTS = new Stretches();
/** Scratch of one call. */
const EXPONENTS = new Float64Array(POINTS);
const LN_POINTS = Math.log(POINTS);

/** ln of a sum of exponentials, without overflow. Empty: -Infinity. */
export function logSumExp(values: ArrayLike<number>): number {
  return lnSum(values, values.length);
}

/** Of the first `count` values. */
export function lnSum(values: ArrayLike<number>, count: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? top;
    // NaN must not be lost, as a comparison would lose it.
    if (!(value <= top)) top = value;
  }
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const below = (values[i] ?? top) - top;
    // Less than a rounding of the sum; most bets of most components are.
    if (below > NEGLIGIBLE) sum += Math.exp(below);
  }
  return top + Math.log(sum);
}

const NEGLIGIBLE = -45;
/** What is added after the best is added to at least one: below half of a rounding of it nothing changes. */
const UNFELT = -37;

/** ln of a weighted average of evidence; weights sum to 1. */
export function lnMixture(parts: readonly { weight: number; lnE: number }[]): number {
  return logSumExp(parts.filter(({ weight }) => weight > 0).map(({ weight, lnE }) => Math.log(weight) + lnE));
}
