import { describe, expect, test } from 'vitest';
import { firmDispersion } from './canary-noise.ts';
import { assumedDispersion, measureDispersion, measuredDispersion } from './dispersion.ts';
import { addHalves, contradict, knotsOf, NO_HALVES } from './halves.ts';
import type { PollCounts } from './kernel.ts';
import { countYardsticks, dispersionsOf } from './stage.ts';
import { Stretches } from './stretches.ts';
import { planOf, poisson, randomOf } from './traffic.fixture.ts';
import { countYardstick } from './yardstick.ts';

const plan = planOf();
const AGES = [1, 3, 16, 100, 400];

/** Two halves of CV `noise` each, which lasts by `lasting` from one poll to the next. */
function polls(n: number, of: { seed: number; noise: number; lasting?: number }): PollCounts[] {
  const random = randomOf(of.seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const lasting = of.lasting ?? 0;
  const half = () => {
    let state = gauss();
    return () => {
      state = lasting * state + Math.sqrt(1 - lasting ** 2) * gauss();
      return poisson(random, 1125 * 0.005 * Math.exp(of.noise * state));
    };
  };
  const [one, two] = [half(), half()];
  return Array.from({ length: n }, () => ({
    canaryEvents: one(),
    canaryTotal: 1125,
    baselineEvents: two(),
    baselineTotal: 1125,
  }));
}

const halvesOf = (all: readonly PollCounts[]) => all.reduce(addHalves, NO_HALVES);

describe('the dispersion of a rollout with a history', () => {
  const before = measureDispersion(polls(5760, { seed: 1, noise: 0.3 })) ?? [];
  const of = (halves: ReturnType<typeof halvesOf>) => {
    const [curve] = dispersionsOf(
      { plan, context: { stageIndex: 2, dispersion: { errors: before } }, metric: 'errors' },
      { halves: [halves] },
    );
    return AGES.map((age) => curve?.(age));
  };
  const known = AGES.map(measuredDispersion(before));

  test('is that of the history while the halves of the rollout agree with it, however the few of them scatter', () => {
    const seeds = Array.from({ length: 40 }, (_, seed) =>
      halvesOf(polls(80, { seed: 100 + seed, noise: 0.3 })),
    );
    const agreeing = seeds.filter((halves) => !contradict(halves, before));
    expect(agreeing.length).toBeGreaterThanOrEqual(32);
    for (const halves of agreeing) expect(of(halves)).toEqual(known);
    // Most of them alone say more at one age or another: the larger of both would nearly never be the history's.
    const larger = agreeing.filter((halves) => {
      const own = measuredDispersion(knotsOf(halves) ?? []);
      return AGES.some((age, i) => own(age) > 1.2 * (known[i] ?? 0));
    });
    expect(larger.length).toBeGreaterThan(agreeing.length / 2);
  });

  test.each([
    { noise: 0.6, lasting: 0 },
    { noise: 0.3, lasting: 0.95 },
  ])('is the larger of both once they contradict it: %o', ({ noise, lasting }) => {
    const seeds = Array.from({ length: 40 }, (_, seed) =>
      halvesOf(polls(240, { seed: 200 + seed, noise, lasting })),
    );
    const contradicting = seeds.filter((halves) => contradict(halves, before));
    expect(contradicting.length).toBeGreaterThanOrEqual(38);
    for (const halves of contradicting) {
      const own = measuredDispersion(knotsOf(halves, plan.analysis.noise) ?? []);
      expect(of(halves)).toEqual(AGES.map((age, i) => Math.max(own(age), known[i] ?? 0)));
    }
  });

  test('is never contradicted by halves that are calmer', () => {
    expect(contradict(halvesOf(polls(960, { seed: 3, noise: 0 })), before)).toBe(false);
    expect(contradict(NO_HALVES, before)).toBe(false);
  });
});

describe('the dispersion of a latency', () => {
  const [near, far] = [
    [0.01, 0.02],
    [0.3, 0.4],
  ] as const;
  const context = {
    stageIndex: 2,
    edges: { latency: [0.2, 0.5, 1] },
    dispersion: { latency: far },
    edgeDispersion: { latency: [near, far, null] },
  };
  const at = (edges: readonly number[] | null) =>
    dispersionsOf(
      { plan, context, metric: 'latency' },
      { edges, halves: (edges ?? [0]).map(() => NO_HALVES) },
    ).map((curve) => curve(2));

  test('is that of each edge, wherever it stands', () => {
    expect(at([0.2, 0.5])).toEqual([0.02, 0.4]);
    expect(at([0.5, 0.2])).toEqual([0.4, 0.02]);
  });

  test('is the highest of all where an edge was not measured', () => {
    expect(at([1, 0.3])).toEqual([0.4, 0.4]);
    expect(at(null)).toEqual([0.4]);
  });

  test('is what the plan assumes where nothing was', () => {
    const [curve] = dispersionsOf(
      { plan, context: { stageIndex: 2, edges: { latency: [0.2] }, edgeDispersion: {} }, metric: 'latency' },
      { edges: [0.2], halves: [NO_HALVES] },
    );
    expect(curve?.(8)).toBe(assumedDispersion(plan.analysis.noise)(8));
  });
});

describe('the noise of the baseline that a stop by one instance against ten must stand', () => {
  const sums = new Stretches();
  sums.add({ S: 40, V: 30, Q: 20, plainS: 40, c: 0.95 });
  const crowd = [1, 10] as const;
  const assumed = assumedDispersion(plan.analysis.noise);
  /** Evidence over some polls, for a canary that has so much before it and so many polls of its own. */
  function lnFirm(halves: ReturnType<typeof halvesOf>, before: readonly number[], age: number) {
    const context = { stageIndex: 2, dispersion: { errors: before } };
    const [one] = countYardsticks({ plan, context, metric: 'errors' }, { halves: [halves], crowd });
    return one?.lnFirm?.(sums, age) ?? Number.NaN;
  }
  const by = (curve: (n: number) => number, age: number) => {
    const firm = firmDispersion(curve, { halves: undefined, ratio: 10, assumed: false, noisier: 2.5 });
    return countYardstick(firm).lnEvidence(sums, age);
  };
  const calm = halvesOf(polls(240, { seed: 5, noise: 0 }));

  test('is what was measured over four hours before', () => {
    const before = Array.from({ length: 7 }, () => 0.01);
    for (const age of AGES) expect(lnFirm(calm, before, age)).toBe(by(measuredDispersion(before), age));
  });

  test('is at least what the plan assumes where less was seen, and lasts beyond the longest block', () => {
    for (const age of [1, 3, 16, 32])
      expect(lnFirm(calm, [0.001, 0.001], age)).toBeCloseTo(by(assumed, age), 12);
    const lasting = (n: number) => (n <= 32 ? assumed(n) : (assumed(32) * n) / 32);
    expect(lnFirm(calm, [0.001, 0.001], 200)).toBeCloseTo(by(lasting, 200), 12);
  });

  test('is what was seen where that is more', () => {
    const noisy = halvesOf(polls(240, { seed: 6, noise: 1, lasting: 0.8 }));
    const [usual = assumed] = dispersionsOf(
      { plan, context: { stageIndex: 2 }, metric: 'errors' },
      { halves: [noisy] },
    );
    expect(usual(8)).toBeGreaterThan(assumed(8));
    expect(lnFirm(noisy, [], 8)).toBeCloseTo(by(usual, 8), 12);
  });
});
