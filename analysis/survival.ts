import type { Buckets } from '../plans/sample.ts';
import { countAbove, histogramTotal } from './histogram.ts';

/**
 * Requests slower than `x` seconds as they most probably are: a monotone cubic through the survival counts, log-log
 * (Fritsch & Butland, "A method for constructing local monotone piecewise cubic interpolants"). Straight lines cut off
 * what lies between two edges that are far apart: counted by them, a margin is tighter than it reads. Where a neighbour
 * is missing or empty it is those lines.
 */
export function likelyAbove(buckets: Buckets, x: number): number {
  const right = buckets.findIndex(([edge]) => edge === '+Inf' || edge >= x);
  const total = histogramTotal(buckets);
  const a = pointAt(buckets, right - 1, total);
  const b = pointAt(buckets, right, total);
  // An edge itself is counted exactly.
  if (a === null || b === null || buckets[right]?.[0] === x) return countAbove(buckets, x);
  const before = pointAt(buckets, right - 2, total);
  const after = pointAt(buckets, right + 1, total);
  const h = b.u - a.u;
  const t = (Math.log(x) - a.u) / h;
  const left = before === null ? slopeOf(a, b) : slopeAt(before, a, b);
  const end = after === null ? slopeOf(a, b) : slopeAt(a, b, after);
  return Math.exp(
    (2 * t ** 3 - 3 * t ** 2 + 1) * a.v +
      (t ** 3 - 2 * t ** 2 + t) * h * left +
      (3 * t ** 2 - 2 * t ** 3) * b.v +
      (t ** 3 - t ** 2) * h * end,
  );
}

/** The slowdown m whose share of the baseline above edge/(1+m) exceeds that above the edge by `difference`. */
export function slowdownOf(baseline: Buckets, shift: { edge: number; difference: number }): number {
  const total = histogramTotal(baseline);
  const target = countAbove(baseline, shift.edge) + shift.difference * total;
  let low = 0;
  let high = 100;
  if (!(total > 0)) return 0;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (likelyAbove(baseline, shift.edge / (1 + middle)) < target) low = middle;
    else high = middle;
  }
  return high;
}

/** The logarithms of an edge and of the requests above it. */
interface Point {
  u: number;
  v: number;
}

function pointAt(buckets: Buckets, i: number, total: number): Point | null {
  const [edge, count] = buckets[i] ?? ['+Inf', 0];
  if (edge === '+Inf' || edge <= 0 || total - count <= 0) return null;
  return { u: Math.log(edge), v: Math.log(total - count) };
}

function slopeOf(a: Point, b: Point): number {
  return (b.v - a.v) / (b.u - a.u);
}

/** The harmonic mean of the slopes on both sides, which never overshoots. */
function slopeAt(a: Point, at: Point, b: Point): number {
  const [before, after] = [slopeOf(a, at), slopeOf(at, b)];
  if (before >= 0 || after >= 0) return 0;
  const [h0, h1] = [at.u - a.u, b.u - at.u];
  const w0 = 2 * h1 + h0;
  const w1 = h1 + 2 * h0;
  return (w0 + w1) / (w0 / before + w1 / after);
}
