import { describe, expect, test } from 'vitest';
import { cellsOf } from '../plans/comparison-cells.ts';
import type { Buckets, CohortSample } from '../plans/sample.ts';
import { compare } from './comparison.ts';
import { Replay } from './replay.ts';
import { planOf, randomOf } from './traffic.fixture.ts';

/** Edges 10 % apart from 10 ms to 15 s, so that a bucket tells a quantile to a tenth. */
const EDGES = Array.from({ length: 77 }, (_, k) => Number((0.01 * 1.1 ** k).toPrecision(4)));
const MEAN = 0.1;

const plan = planOf({
  metrics: [{ name: 'latency', kind: 'latency', histogram: 'h', quantile: 0.95, soft: '+20%', hard: '+50%' }],
  analysis: { noise: 0.02 },
  stages: [{ name: '25%', percent: 25, bake: '1h', minRequests: 0 }],
});

/** Exponential times of mean `MEAN`, of which a share is slower by a factor. */
function buckets(random: () => number, of: { requests: number; slow: number; factor: number }): Buckets {
  const counts = EDGES.map(() => 0);
  for (let i = 0; i < of.requests; i++) {
    const time = -MEAN * Math.log(1 - random()) * (random() < of.slow ? of.factor : 1);
    const first = EDGES.findIndex((edge) => time <= edge);
    if (first >= 0) counts[first] = (counts[first] ?? 0) + 1;
  }
  let sum = 0;
  return [
    ...EDGES.map((edge, k): [number, number] => {
      sum += counts[k] ?? 0;
      return [edge, sum];
    }),
    ['+Inf', of.requests],
  ];
}

/** The table after forty polls of such a canary. */
function table(canary: { slow: number; factor: number }) {
  const random = randomOf(17);
  const cohort = (requests: number, of: { slow: number; factor: number }): CohortSample => ({
    requests,
    ratios: {},
    histograms: { latency: buckets(random, { requests, ...of }) },
  });
  const replay = new Replay(plan);
  for (let i = 1; i <= 40; i++) {
    const baseline = cohort(1500, { slow: 0, factor: 1 });
    const sample = { stage: '25%', t: i * 15, baseline, canary: cohort(500, canary) };
    replay.add({ stage: '25%', t: i * 15, sample, assessment: null });
  }
  const [visit] = replay.visits;
  if (visit === undefined) throw new Error('no visit');
  const of = compare(visit);
  const row = (quantile: number) => {
    const found = of.rows.find((one) => one.quantile === quantile);
    if (found === undefined) throw new Error(`no p${100 * quantile}`);
    return { ...found, cells: cellsOf(found, of) };
  };
  return { p50: row(0.5), p95: row(0.95), p99: row(0.99), rows: of.rows };
}

/** Of exponential times. */
const quantileOf = (share: number) => -MEAN * Math.log(1 - share);

describe('the rows of p50, p95 and p99', () => {
  test.each([
    [0.5, 'p50'],
    [0.95, 'p95'],
    [0.99, 'p99'],
  ] as const)(
    'of equal cohorts: %d is the quantile of the times, and no difference is certain',
    (share, name) => {
      const row = table({ slow: 0, factor: 1 })[name];
      for (const cohort of [row.baseline, row.canary]) {
        expect(Math.abs((cohort.value ?? 0) / quantileOf(share) - 1)).toBeLessThan(0.05);
        expect(cohort.beyond).toBe(false);
      }
      expect(row.baseline.of).toBe(60_000);
      expect(row.canary.of).toBe(20_000);
      expect(row.interval?.[0]).toBeLessThan(0);
      expect(row.interval?.[1]).toBeGreaterThan(0);
      expect(row.cells.metric).toBe(`latency ${name}`);
    },
  );

  test('a tail that only p99 has is told at p99 alone, with its interval', () => {
    // Two of a hundred requests take ten times as long.
    const { p50, p95, p99 } = table({ slow: 0.02, factor: 10 });
    expect(p99.difference).toBeGreaterThan(0.15);
    expect(p99.interval?.[0]).toBeGreaterThan(0);
    expect(p99.interval?.[0]).toBeLessThan(p99.difference ?? 0);
    expect(p99.interval?.[1]).toBeGreaterThan(p99.difference ?? 0);
    expect(p99.relative).toBeGreaterThan(0.3);
    expect(p99.cells).toMatchObject({
      difference: expect.stringMatching(/^\+\d+ ms$/),
      interval: expect.stringMatching(/^\+\d+ (ms )?to \+[\d.]+ m?s$/),
      relative: expect.stringMatching(/^\+\d+ %$/),
      // Margins and verdict are of the plan's own quantile.
      acceptable: '–',
      verdict: '–',
    });
    expect(Math.abs(p95.relative ?? 1)).toBeLessThan(0.25);
    expect(Math.abs(p50.relative ?? 1)).toBeLessThan(0.1);
    expect(p50.interval?.[0]).toBeLessThan(0);
    expect(p95).toMatchObject({ acceptable: '≤ +20 %, hard +50 %' });
  });

  test('of a canary that is slower throughout all three are beyond zero, and p95 has the verdict', () => {
    const { p50, p95, p99, rows } = table({ slow: 1, factor: 2 });
    for (const [share, row] of [
      [0.5, p50],
      [0.95, p95],
      [0.99, p99],
    ] as const) {
      expect(Math.abs((row.difference ?? 0) / quantileOf(share) - 1)).toBeLessThan(0.1);
      expect(row.interval?.[0]).toBeGreaterThan(0);
    }
    expect([p50.verdict, p95.verdict, p99.verdict]).toEqual([null, 'hard', null]);
    // What is tested beside it: the share of requests above an edge.
    expect(rows.filter(({ kind }) => kind === 'slow')).toHaveLength(1);
  });
});
