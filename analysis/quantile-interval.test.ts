import { describe, expect, test } from 'vitest';
import type { Buckets, CohortSample } from '../plans/sample.ts';
import { assumedDispersion, type Dispersion } from './dispersion.ts';
import { addHistograms } from './histogram.ts';
import { quantileBounds, quantileDifference } from './quantile-interval.ts';
import { observeQuantiles, openQuantiles, quantileDispersion } from './quantile-noise.ts';
import { planOf, poisson, randomOf } from './traffic.fixture.ts';
import { finished } from './unhurried.ts';

const plan = planOf({
  metrics: [{ name: 'latency', kind: 'latency', histogram: 'seconds', quantile: 0.95, soft: '+20%' }],
});
const [metric] = plan.metrics;
if (metric?.kind !== 'latency') throw new Error('no latency');

describe('between which edges a quantile lies', () => {
  // 40 polls of 25 requests; ln E of each edge was computed apart, from the formula in `../shared/analysis.md`.
  const buckets: Buckets = [
    [0.1, 600],
    [0.25, 930],
    [0.5, 975],
    [1, 996],
    ['+Inf', 1000],
  ];
  const boundsOf = (quantile: number, alpha: number, dispersion: Dispersion = () => 0) =>
    quantileBounds({ buckets, squares: 40 * 25 * 25 }, { quantile, polls: 40, dispersion, alpha });

  test('is what the evidence at each edge says', () => {
    // p95: 400 of 50 slower than 100 ms (499.3), 70 than 250 ms (2.04), 25 than 500 ms (4.47), 4 than 1 s (19.2).
    expect(boundsOf(0.95, 0.025)).toEqual({ lower: 0.1, upper: 0.5 });
    expect(boundsOf(0.95, Math.exp(-4.4736))).toEqual({ lower: 0.1, upper: 0.5 });
    expect(boundsOf(0.95, Math.exp(-4.4737))).toEqual({ lower: 0.1, upper: 1 });
    expect(boundsOf(0.95, Math.exp(-2.0437))).toEqual({ lower: 0.25, upper: 0.5 });
    expect(boundsOf(0.5, 0.025)).toEqual({ lower: 0, upper: 0.1 });
    // p99: 25 of 10 slower than 500 ms (5.69), 4 than 1 s (0.74).
    expect(boundsOf(0.99, 0.025)).toEqual({ lower: 0.5, upper: null });
  });

  test('is wider by the noise between equal cohorts', () => {
    // G = 0.09 * 40^(1/3): 2.83 at 500 ms, 13.0 at 1 s.
    expect(boundsOf(0.95, 0.025, assumedDispersion(0.3))).toEqual({ lower: 0.1, upper: 1 });
    expect(boundsOf(0.95, Math.exp(-2.8293), assumedDispersion(0.3)).upper).toBe(0.5);
    expect(boundsOf(0.95, Math.exp(-2.8294), assumedDispersion(0.3)).upper).toBe(1);
  });

  test('of two cohorts is every difference of what both allow', () => {
    const slower: Buckets = [
      [0.1, 20],
      [0.25, 50],
      [0.5, 930],
      [1, 990],
      ['+Inf', 1000],
    ];
    const cohort = (of: Buckets) => ({ buckets: of, squares: 0 });
    const look = { quantile: 0.95, polls: 40, dispersion: () => 0, alpha: 0.1 };
    const differ = (baseline: Buckets, canary: Buckets) =>
      quantileDifference({ baseline: cohort(baseline), canary: cohort(canary) }, look);
    // Between 250 ms and 1 s against between 100 and 500 ms.
    expect(differ(buckets, slower)).toEqual({ lower: -0.25, upper: 0.9 });
    const beyond: Buckets = [
      [0.1, 0],
      [1, 100],
      ['+Inf', 1000],
    ];
    expect(differ(buckets, beyond)).toEqual({ lower: 0.5, upper: null });
    expect(differ(beyond, buckets)).toEqual({ lower: null, upper: -0.5 });
    expect(
      differ(buckets, [
        [1, 5],
        ['+Inf', 5],
      ] as Buckets),
    ).toBeNull();
    expect(differ(buckets, [['+Inf', 0]])).toBeNull();
  });
});

/** Edges 10 % apart, about as fine as those of native histograms. */
const FINE = Array.from({ length: 42 }, (_, i) => 0.04 * 1.1 ** i);
const POLLS = 60;
const CV = 0.2;

/** Exponential times whose mean lasts for a while above or below its usual one: AR(1) of its logarithm. */
function instance(random: () => number, mean: number) {
  let state = normal(random);
  return (requests: number): Buckets => {
    state = 0.8 * state + Math.sqrt(1 - 0.8 ** 2) * normal(random);
    const here = mean * Math.exp(CV * state);
    let count = 0;
    let below = 0;
    const buckets = FINE.map((edge): [number, number] => {
      const share = 1 - Math.exp(-edge / here);
      count += poisson(random, requests * (share - below));
      below = share;
      return [edge, count];
    });
    return [...buckets, ['+Inf', count + poisson(random, requests * (1 - below))]];
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The quantile over all times that an instance may have. */
function trueQuantile(mean: number, quantile: number): number {
  const slower = (x: number) => {
    let [sum, weight] = [0, 0];
    for (let z = -6; z <= 6; z += 0.05) {
      const density = Math.exp(-(z * z) / 2);
      sum += density * Math.exp(-x / (mean * Math.exp(CV * z)));
      weight += density;
    }
    return sum / weight;
  };
  let [low, high] = [0, 10];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slower(middle) > 1 - quantile) low = middle;
    else high = middle;
  }
  return low;
}

interface Outcome {
  missed: number;
  blind: number;
  width: number;
}

/** In how many rollouts an interval has missed the truth at any look, the same with counting noise alone, and the mean width at the end. */
function simulate(rollouts: number, slowdown: number): Map<number, Outcome> {
  const outcomes = new Map<number, Outcome>();
  const truths = [0.5, 0.95, 0.99].map(
    (quantile) => [quantile, trueQuantile(0.2 * slowdown, quantile) - trueQuantile(0.2, quantile)] as const,
  );
  if (metric?.kind !== 'latency') throw new Error('no latency');
  const cohort = (histogram: Buckets): CohortSample => ({
    requests: 0,
    ratios: {},
    histograms: { latency: histogram },
  });
  for (let run = 0; run < rollouts; run++) {
    const random = randomOf(640_000 + run);
    const [one, two] = [instance(random, 0.2), instance(random, 0.2)];
    const other = instance(random, 0.2 * slowdown);
    const history = Array.from({ length: 128 }, (_, i) => {
      const halves = [one(400), two(400)] as const;
      return {
        stage: 'history' as const,
        t: (i - 128) * 15,
        baseline: cohort(addHistograms(halves[0], halves[1])),
        halves: [cohort(halves[0]), cohort(halves[1])] as const,
      };
    });
    let series = finished(openQuantiles({ metric, slice: null, noise: plan.analysis.noise, history }));
    let [baseline, canary]: [Buckets | null, Buckets | null] = [null, null];
    const missed = new Set<string>();
    for (let i = 1; i <= POLLS; i++) {
      const halves = [one(400), two(400)] as const;
      const [here, there] = [addHistograms(halves[0], halves[1]), other(200)];
      series = observeQuantiles(
        series,
        { metric, slice: null },
        { baseline: cohort(here), canary: cohort(there), halves: [cohort(halves[0]), cohort(halves[1])] },
      );
      baseline = addHistograms(baseline, here);
      canary = addHistograms(canary, there);
      if (i % 5 !== 0 && i > 5) continue;
      for (const [quantile, truth] of truths) {
        const noise = series.noises.find((known) => known.quantile === quantile);
        if (noise === undefined) throw new Error('no noise');
        const cohorts = {
          baseline: { buckets: baseline, squares: series.squares.baseline },
          canary: { buckets: canary, squares: series.squares.canary },
        };
        const outcome = outcomes.get(quantile) ?? { missed: 0, blind: 0, width: 0 };
        outcomes.set(quantile, outcome);
        const dispersions = { missed: quantileDispersion(noise, { plan }), blind: () => 0 };
        for (const kind of ['missed', 'blind'] as const) {
          const found = quantileDifference(cohorts, {
            quantile,
            polls: i,
            dispersion: dispersions[kind],
            alpha: 0.1,
          });
          if (found === null) continue;
          const { lower, upper } = found;
          if (kind === 'missed' && i === POLLS && lower !== null && upper !== null)
            outcome.width += (upper - lower) / rollouts;
          const inside = (lower === null || lower <= truth) && (upper === null || truth <= upper);
          if (!inside) missed.add(`${kind} ${quantile}`);
        }
      }
    }
    for (const [quantile, outcome] of outcomes) {
      outcome.missed += missed.has(`missed ${quantile}`) ? 1 : 0;
      outcome.blind += missed.has(`blind ${quantile}`) ? 1 : 0;
    }
  }
  return outcomes;
}

describe('at every look, of traffic whose times last', () => {
  const rollouts = 40;

  test.each([1, 1.3])(
    'the interval at 90 % misses a slowdown of %s in no more than a tenth of the rollouts',
    (slowdown) => {
      const outcomes = simulate(rollouts, slowdown);
      for (const { missed, width } of outcomes.values()) {
        expect(missed).toBeLessThanOrEqual(0.1 * rollouts);
        expect(width).toBeGreaterThan(0);
      }
      // It is no triviality: counting noise alone misses much more, and it is narrow enough to tell something.
      expect(outcomes.get(0.5)?.blind).toBeGreaterThan(0.1 * rollouts);
      expect(outcomes.get(0.5)?.width).toBeLessThan(0.3);
    },
  );
});
