import { describe, expect, test } from 'vitest';
import type { Buckets, Reading } from '../plans/sample.ts';
import { type Acceptance, accept } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { addHistograms, chooseEdges, countAbove, quantileOf } from './histogram.ts';
import { expectPrinted } from './printed.fixture.ts';
import { likelyAbove, slowdownOf } from './survival.ts';
import { latencyBuckets, planOf, randomOf } from './traffic.fixture.ts';

/** 645, 326.2, 28 and .8 requests in the buckets. */
const NINE: Buckets = [
  [0.1, 645],
  [0.25, 971.2],
  [0.5, 999.2],
  ['+Inf', 1000],
];

function linearQuantile(buckets: Buckets, quantile: number): number {
  let [low, below] = [0, 0];
  for (const [edge, count] of buckets) {
    const target = quantile * (buckets.at(-1)?.[1] ?? 0);
    if (edge === '+Inf') break;
    if (count >= target) return low + ((edge - low) * (target - below)) / (count - below);
    [low, below] = [edge, count];
  }
  return low;
}

const PLAN = planOf({
  metrics: [{ name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%', hard: '+50%' }],
  stages: [{ name: '25%', percent: 25, bake: '10m' }],
});

function run(of: {
  seed: number;
  polls: number;
  slower: number;
  canaryShare?: number;
  accepted?: Acceptance;
  of?: typeof PLAN;
}) {
  const random = randomOf(of.seed);
  const { of: plan = PLAN } = of;
  let evidence = openEvidence(plan);
  for (let i = 1; i <= of.polls; i++) {
    const cohort = (requests: number, mean: number) => ({
      requests,
      ratios: {},
      histograms: { latency: latencyBuckets(random, { requests, mean }) },
    });
    const sample = {
      stage: '25%',
      t: i * 15,
      baseline: cohort(1500, 0.2),
      canary: cohort(Math.round(1500 * (of.canaryShare ?? 1 / 3)), 0.2 * of.slower),
    };
    const reading: Reading = { kind: 'sample', sample, expressions: {}, queries: [] };
    const acceptances = of.accepted === undefined ? {} : { latency: of.accepted };
    evidence = observe(evidence, plan, reading, { stageIndex: 0, acceptances });
    const assessment = assess(evidence, plan, { stageIndex: 0 });
    if (assessment.verdict === 'hard' || assessment.verdict === 'soft') return { ...assessment, evidence };
  }
  return { ...assess(evidence, plan, { stageIndex: 0 }), evidence };
}

describe('a latency that only has to improve', () => {
  const better = planOf({
    metrics: [{ name: 'latency', kind: 'latency', histogram: 'seconds', improve: '-20%' }],
    stages: [{ name: '25%', percent: 25, bake: '10m' }],
  });

  test('is tested on bucket edges for that, opens the next stage, and stops nothing', () => {
    const faster = run({ seed: 3, polls: 120, slower: 0.6, of: better });
    expect(faster).toMatchObject({ verdict: 'pass', lnE: 0 });
    expect(faster.evidence.metrics['latency']).toMatchObject({ edges: expect.arrayContaining([0.5]) });
    for (const slower of [1, 0.8, 3]) {
      const { verdict, lnE, holding } = run({ seed: 4, polls: 120, slower, of: better });
      expect({ verdict, lnE }).toEqual({ verdict: 'hold', lnE: 0 });
      expect(holding).toContainEqual({ kind: 'improvement', metrics: ['latency'] });
    }
  });

  test('has no edge whose counterpart lies beyond the buckets', () => {
    expect(chooseEdges(NINE, { quantile: 0.95, margin: 0 })).toEqual([0.25]);
    expect(chooseEdges(NINE, { quantile: 0.95, margin: -0.2 })).toEqual([0.25]);
    expect(chooseEdges(NINE, { quantile: 0.95, margin: -0.6 })).toEqual([]);
  });
});

describe('latency from histograms', () => {
  test('9: counts above an edge and quantiles are interpolated on survival, log-log', () => {
    expectPrinted(countAbove(NINE, 0.25 / 1.2), '47.472779417');
    expectPrinted(quantileOf(NINE, 0.95), '.204428505');
    // Straight lines through the counts, as Prometheus draws them, would say this.
    expectPrinted(linearQuantile(NINE, 0.95), '.240251380');
    expect(countAbove(NINE, 0.25)).toBeCloseTo(28.8, 9);
    expect(countAbove(NINE, 0)).toBe(1000);
    expect(quantileOf([['+Inf', 0]], 0.95)).toBeNull();
  });

  test('the edges under test are those that few but enough of the baseline exceed', () => {
    expect(chooseEdges(NINE, { quantile: 0.95, margin: 0.2 })).toEqual([0.25]);
    const fine: Buckets = [
      [0.1, 500],
      [0.2, 850],
      [0.3, 900],
      [0.4, 940],
      [0.5, 960],
      [0.6, 980],
      [0.7, 999],
      ['+Inf', 1000],
    ];
    // Of five the four nearest to 5 %, the nearest first.
    expect(chooseEdges(fine, { quantile: 0.95, margin: 0.2 })).toEqual([0.4, 0.5, 0.3, 0.6]);
    expect(
      chooseEdges(
        [
          [1, 999],
          ['+Inf', 1000],
        ],
        { quantile: 0.95, margin: 0.2 },
      ),
    ).toEqual([]);
  });

  test('histograms of other edges are not mixed', () => {
    expect(addHistograms(NINE, NINE)[1]).toEqual([0.25, 1942.4]);
    const other: Buckets = [
      [0.2, 1],
      ['+Inf', 2],
    ];
    expect(addHistograms(NINE, other)).toBe(other);
  });

  test('an accepted share above an edge is turned into a slowdown and back', () => {
    const slowdown = slowdownOf(NINE, {
      edge: 0.25,
      difference: (likelyAbove(NINE, 0.25 / 1.2) - 28.8) / 1000,
    });
    expect(slowdown).toBeCloseTo(0.2, 8);
  });

  test('an accepted slowdown is the margin from then on, and once', () => {
    const slower = { seed: 7, polls: 60, slower: 1.4 };
    const stopped = run(slower);
    expect(stopped).toMatchObject({ verdict: 'soft', metric: 'latency' });
    const accepted = accept(stopped.evidence, 'latency', { slowdown: 0.6 });
    expect(accepted.metrics.latency).toMatchObject({ accepted: null, slowdown: 0.6 });
    expect(accept(accepted, 'latency', { slowdown: 0.6 })).toBe(accepted);
    expect(accept(accepted, 'nothing', { slowdown: 0.6 })).toBe(accepted);
    expect(run({ ...slower, accepted: { slowdown: 0.6 } }).verdict).not.toBe('soft');
    expect(run({ ...slower, accepted: { slowdown: 0.6 }, slower: 2 }).verdict).toBe('hard');
  });

  test('a canary that is twice as slow is stopped hard within a few polls', () => {
    const stopped = run({ seed: 1, polls: 20, slower: 2 });
    expect(stopped).toMatchObject({ verdict: 'hard', metric: 'latency' });
    expect(stopped.t).toBeLessThanOrEqual(75);
    expect(stopped.reason).toMatch(
      /^latency: canary p95 1\.\d s against \d{3} ms, \+\d+(\.\d)? pp of requests above [\d.]+ m?s beyond the hard margin of \+50 % \(\+[\d.]+ pp\)$/,
    );
  });

  test('an equal one passes, an equal one that is hardly used holds', () => {
    for (const seed of [2, 3, 4]) expect(run({ seed, polls: 40, slower: 1 }).verdict).toBe('pass');
    const few = run({ seed: 5, polls: 40, slower: 1, canaryShare: 0.001 });
    expect(few).toMatchObject({
      verdict: 'hold',
      // So few requests of a canary are no planned split either.
      holding: [{ kind: 'split' }, { kind: 'exceedances', metric: 'latency', need: 20 }],
    });
  });

  test('a much faster one passes though nothing of it is slow: the mirrored test shows that', () => {
    const fast = run({ seed: 6, polls: 40, slower: 0.05 });
    expect(fast).toMatchObject({ verdict: 'pass' });
  });

  test('buckets that cannot show the margin make it advisory, with a warning', () => {
    let evidence = openEvidence(PLAN);
    for (let i = 1; i <= 40; i++) {
      const cohort = (requests: number) => ({
        requests,
        ratios: {},
        histograms: {
          latency: [
            [5, requests],
            ['+Inf', requests],
          ] as const,
        },
      });
      const sample = { stage: '25%', t: i * 15, baseline: cohort(1500), canary: cohort(500) };
      evidence = observe(
        evidence,
        PLAN,
        { kind: 'sample', sample, expressions: {}, queries: [] },
        { stageIndex: 0 },
      );
    }
    const assessment = assess(evidence, PLAN, { stageIndex: 0 });
    expect(assessment.verdict).toBe('pass');
    expect(assessment.warnings.join()).toContain('latency is advisory');
  });

  test('the edges are chosen before the polls that they test and then stay', () => {
    const { evidence } = run({ seed: 7, polls: 10, slower: 1 });
    const known = evidence.metrics['latency'];
    expect(known?.kind === 'latency' && known.edges).toEqual([0.5, 0.75, 1]);
    // The first poll's 1,500 baseline requests chose them and were not tested.
    expect(known?.process.clock).toBe(9);
  });

  test('edges of a history that was slower are given up once, and the evidence after that is kept', () => {
    const random = randomOf(9);
    const context = { stageIndex: 0, edges: { latency: [2.5] } };
    let evidence = openEvidence(PLAN);
    for (let i = 1; i <= 60; i++) {
      const cohort = (requests: number) => ({
        requests,
        ratios: {},
        histograms: { latency: latencyBuckets(random, { requests, mean: 0.2 }) },
      });
      const sample = { stage: '25%', t: i * 15, baseline: cohort(1500), canary: cohort(500) };
      evidence = observe(evidence, PLAN, { kind: 'sample', sample, expressions: {}, queries: [] }, context);
    }
    const known = evidence.metrics['latency'];
    expect(known?.kind === 'latency' && known.edges).toEqual([0.5, 0.75, 1]);
    expect(known?.process.clock).toBeGreaterThan(50);
    expect(assess(evidence, PLAN, context).verdict).toBe('pass');
  });

  test('edges chosen in a slow start are given up once the service is fast, and a gate does not wait for ever', () => {
    const random = randomOf(8);
    let evidence = openEvidence(PLAN);
    for (let i = 1; i <= 60; i++) {
      // Ten times slower while everything is cold.
      const mean = i <= 2 ? 2 : 0.2;
      const cohort = (requests: number) => ({
        requests,
        ratios: {},
        histograms: { latency: latencyBuckets(random, { requests, mean }) },
      });
      const sample = { stage: '25%', t: i * 15, baseline: cohort(1500), canary: cohort(500) };
      evidence = observe(
        evidence,
        PLAN,
        { kind: 'sample', sample, expressions: {}, queries: [] },
        { stageIndex: 0 },
      );
    }
    expect(assess(evidence, PLAN, { stageIndex: 0 }).verdict).toBe('pass');
    // All sums are about the requests above the new edges.
    const known = evidence.metrics['latency'];
    expect(known?.process.clock).toBeLessThan(60);
    expect(known?.interval.polls).toBe(known?.process.clock);
  });

  test('an improvement is shown where the buckets reach, and never beyond the last of them', () => {
    const wanted = planOf({
      metrics: [{ name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%', improve: '-20%' }],
      stages: [{ name: '25%', percent: 25, bake: '10m' }],
    });
    const improved = (of: { faster: number; edges: readonly number[] }) => {
      const random = randomOf(31);
      let evidence = openEvidence(wanted);
      for (let i = 1; i <= 60; i++) {
        const cohort = (requests: number, mean: number) => ({
          requests,
          ratios: {},
          histograms: {
            latency: latencyBuckets(random, { requests, mean }).filter(
              ([edge]) => edge === '+Inf' || of.edges.includes(edge),
            ),
          },
        });
        const sample = {
          stage: '25%',
          t: i * 15,
          baseline: cohort(1500, 0.2),
          canary: cohort(500, 0.2 * of.faster),
        };
        const reading: Reading = { kind: 'sample', sample, expressions: {}, queries: [] };
        evidence = observe(evidence, wanted, reading, { stageIndex: 0 });
      }
      const { holding, warnings } = assess(evidence, wanted, { stageIndex: 0 });
      return {
        shown: !holding.some(({ kind }) => kind === 'improvement'),
        warned: warnings.some((text) => text.includes('cannot be shown to improve')),
      };
    };
    // Above 0.5 s are 8 % of the baseline: the only edge under test, and the last.
    const coarse = [0.1, 0.25, 0.5];
    expect(improved({ faster: 0.9, edges: coarse })).toEqual({ shown: false, warned: true });
    expect(improved({ faster: 0.5, edges: coarse })).toEqual({ shown: false, warned: true });
    // With one more, 0.5/(1 - 20 %) lies between two: what is 10 % faster is not shown, what is twice as fast is.
    const finer = [...coarse, 0.75];
    expect(improved({ faster: 0.9, edges: finer })).toEqual({ shown: false, warned: false });
    expect(improved({ faster: 0.5, edges: finer })).toEqual({ shown: true, warned: false });
  });
});
