import { describe, expect, test } from 'vitest';
import type { Knots } from './dispersion.ts';
import { measureDispersion } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { errorsPoll, planOf, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const plan = planOf();
const PERCENT = [1, 5, 25, 50];

/** 200 requests a second, 0.5 % errors, stages of an hour; the regression begins with stage `from`. */
function rollout(of: { seed: number; extra: number; from: number; measured: boolean; added?: number }) {
  const random = randomOf(of.seed);
  const curve: Knots | null = of.measured ? history(random) : null;
  const context = { ...(curve === null ? {} : { dispersion: { errors: curve } }), brief: true };
  let evidence = openEvidence(plan);
  for (let stageIndex = of.from; stageIndex < PERCENT.length; stageIndex++) {
    const percent = PERCENT[stageIndex] ?? 0;
    for (let i = 0; i < 240; i++) {
      const t = ((stageIndex - of.from) * 240 + i + 1) * STEP;
      const sample = errorsPoll(random, {
        stage: `${percent}%`,
        t,
        requests: 3000,
        share: percent / 100,
        baseline: 0.005,
        canary: 0.005 + of.extra,
      });
      const errors = sample.canary.ratios['errors'];
      // The same traffic, and a worse canary: nothing else is drawn.
      if (errors !== undefined) errors.events += Math.round((of.added ?? 0) * errors.total);
      evidence = observe(evidence, plan, reading(sample), { stageIndex, ...context });
      // Every fourth poll is enough to see a false stop; a true one is timed at each.
      if (of.extra + (of.added ?? 0) === 0 && i % 4 !== 3) continue;
      const { verdict } = assess(evidence, plan, { stageIndex, ...context });
      if (verdict === 'soft' || verdict === 'hard') return { verdict, t };
    }
    if (of.extra + (of.added ?? 0) > 0) return null;
  }
  return null;
}

function history(random: () => number): Knots | null {
  return measureDispersion(
    Array.from({ length: 960 }, () => {
      const { baseline, canary } = errorsPoll(random, {
        stage: 'history',
        t: 0,
        requests: 3000,
        share: 0.5,
        baseline: 0.005,
        canary: 0.005,
      });
      return {
        canaryEvents: canary.ratios['errors']?.events ?? 0,
        canaryTotal: canary.requests,
        baselineEvents: baseline.ratios['errors']?.events ?? 0,
        baselineTotal: baseline.requests,
      };
    }),
  );
}

const many = (n: number, one: (seed: number) => ReturnType<typeof rollout>) =>
  Array.from({ length: n }, (_, seed) => one(seed));
const median = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

describe('simulated rollouts', () => {
  test('of an equal canary are never stopped', { timeout: 120_000 }, () => {
    expect(
      many(120, (seed) => rollout({ seed, extra: 0, from: 0, measured: false })).filter(
        (stop) => stop !== null,
      ),
    ).toEqual([]);
    expect(
      many(120, (seed) => rollout({ seed: 1000 + seed, extra: 0, from: 0, measured: true })).filter(
        (stop) => stop !== null,
      ),
    ).toEqual([]);
  });

  test('one percentage point at 5 % is found within minutes and called hard', { timeout: 60_000 }, () => {
    const stops = many(30, (seed) => rollout({ seed: 2000 + seed, extra: 0.01, from: 1, measured: true }));
    expect(stops.filter((stop) => stop?.verdict === 'hard').length).toBeGreaterThanOrEqual(29);
    expect(median(stops.map((stop) => stop?.t ?? 3600))).toBeLessThanOrEqual(300);
  });

  test('a worse regression is never found later on the same traffic', { timeout: 60_000 }, () => {
    for (let seed = 4000; seed < 4012; seed++) {
      const found = [0.003, 0.01, 0.02, 0.05].map(
        (added) => rollout({ seed, extra: 0, added, from: 1, measured: true })?.t ?? Number.POSITIVE_INFINITY,
      );
      expect({ seed, found }).toEqual({ seed, found: found.toSorted((a, b) => b - a) });
      // Otherwise it would say nothing.
      expect(found.at(-1)).toBeLessThan(found[0] ?? 0);
    }
  });

  test('five percentage points at 5 % within a few polls', { timeout: 60_000 }, () => {
    const stops = many(30, (seed) => rollout({ seed: 3000 + seed, extra: 0.05, from: 1, measured: true }));
    expect(Math.max(...stops.map((stop) => stop?.t ?? 3600))).toBeLessThanOrEqual(75);
  });
});
