import type { Buckets } from '../plans/sample.ts';
import { countAbove, histogramTotal } from './histogram.ts';

/**
 * Requests slower than `x` seconds as they most probably are: a monotone cubic through the survival counts, log-log
 * (Fritsch & Butland, "A method for constructing local monotone piecewise cubic interpolants"). For planning: straight
 * lines, by which a gate counts, cut off what lies between two edges that are far apart. Where a neighbour is missing or
 * empty it is those lines.
 */
export function likelyAbove(buckets: Buckets, x: number): number {
  const total = histogramTotal(buckets);
  const points = buckets.flatMap(([edge, count]): [number, number][] =>
    edge === '+Inf' || edge <= 0 || total - count <= 0 ? [] : [[Math.log(edge), Math.log(total - count)]],
  );
  const u = Math.log(x);
  const right = points.findIndex(([at]) => at >= u);
  const [a, b] = [points[right - 1], points[right]];
  if (a === undefined || b === undefined) return countAbove(buckets, x);
  const h = b[0] - a[0];
  const t = (u - a[0]) / h;
  const left = slopeAt(points, right - 1);
  const end = slopeAt(points, right);
  return Math.exp(
    (2 * t ** 3 - 3 * t ** 2 + 1) * a[1] +
      (t ** 3 - 2 * t ** 2 + t) * h * left +
      (3 * t ** 2 - 2 * t ** 3) * b[1] +
      (t ** 3 - t ** 2) * h * end,
  );
}

/** The harmonic mean of the slopes on both sides, which never overshoots; at an end the one that there is. */
function slopeAt(points: readonly (readonly [number, number])[], i: number): number {
  const slope = (from: number): number | null => {
    const [a, b] = [points[from], points[from + 1]];
    return a === undefined || b === undefined ? null : (b[1] - a[1]) / (b[0] - a[0]);
  };
  const [before, after] = [slope(i - 1), slope(i)];
  if (before === null || after === null) return before ?? after ?? 0;
  if (before >= 0 || after >= 0) return 0;
  const [h0, h1] = [
    (points[i]?.[0] ?? 0) - (points[i - 1]?.[0] ?? 0),
    (points[i + 1]?.[0] ?? 0) - (points[i]?.[0] ?? 0),
  ];
  const w0 = 2 * h1 + h0;
  const w1 = h1 + 2 * h0;
  return (w0 + w1) / (w0 / before + w1 / after);
}
