import { expect, test } from 'vitest';
import type { Buckets } from '../plans/sample.ts';
import { countAbove } from './histogram.ts';
import { likelyAbove } from './survival.ts';

/** A million exponential response times of mean 0.1 s. */
const total = 1e6;
const above = (x: number) => total * Math.exp(-x / 0.1);
const buckets: Buckets = [
  ...[0.05, 0.1, 0.25, 0.5, 0.75].map((edge): [number, number] => [edge, total - above(edge)]),
  ['+Inf', total],
];

test('what lies between two edges is nearer to the truth than a straight line', () => {
  for (const x of [0.13, 0.1667, 0.208, 0.3, 0.4]) {
    const error = Math.abs(Math.log(likelyAbove(buckets, x) / above(x)));
    expect(error).toBeLessThan(Math.abs(Math.log(countAbove(buckets, x) / above(x))) / 2);
  }
});

test('it never rises, meets the edges, and is the straight line where there is nothing to lean on', () => {
  let before = total;
  for (let x = 0.05; x < 0.75; x += 0.005) {
    const here = likelyAbove(buckets, x);
    expect(here).toBeLessThanOrEqual(before + 1e-6);
    before = here;
  }
  for (const x of [0.1, 0.25, 0.5]) expect(likelyAbove(buckets, x)).toBeCloseTo(above(x), 3);
  for (const x of [0.01, 0.05, 2]) expect(likelyAbove(buckets, x)).toBe(countAbove(buckets, x));
  expect(likelyAbove([['+Inf', 10]], 0.1)).toBe(countAbove([['+Inf', 10]], 0.1));
});
