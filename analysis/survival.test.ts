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

test('with the default edges of Prometheus a canary slower by exactly the margin is within it', () => {
  // Log-normal: median 80 ms, sigma 0.6; the shares above 0.25 s/1.2 and, for the edges, above each of them.
  const shares: [number, number][] = [
    [0.025, 0.97372],
    [0.05, 0.78329],
    [0.1, 0.35498],
    [0.25, 0.02878],
    [0.5, 0.00113],
  ];
  const baseline: Buckets = [
    ...shares.map(([edge, s]): [number, number] => [edge, 1e6 * (1 - s)]),
    ['+Inf', 1e6],
  ];
  const canary = 0.05535;
  expect(likelyAbove(baseline, 0.25 / 1.2) / 1e6 / canary).toBeGreaterThan(0.96);
  expect(countAbove(baseline, 0.25 / 1.2) / 1e6 / canary).toBeLessThan(0.88);
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
