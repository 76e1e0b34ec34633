import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LimitAssessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { upperTail } from './binomial.ts';
import type { Evidence } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

const AT = { stageIndex: 0, brief: true };
const MINUTE = 4;

/** A stage of people alone: nothing is compared in it. */
function limited(limit: { above: string; for: string }): Plan {
  return planOf({
    stages: [{ name: 'internal', audience: { segments: ['employees'] }, bake: '1h', minRequests: 0 }],
    limits: [{ name: 'errors are high', metric: 'errors', action: 'rollback', ...limit }],
  });
}

type Counts = readonly [events: number, total: number];
const sampleOf = (i: number, canary: Counts, baseline: Counts = [0, 0]): Sample => {
  const cohort = ([events, total]: Counts) => ({
    requests: total,
    ratios: { errors: { events, total } },
    histograms: {},
  });
  return { stage: 'internal', t: 15 * (i + 1), baseline: cohort(baseline), canary: cohort(canary) };
};

/** Polls of `requests` on the average. */
function traffic(seed: number, of: { polls: number; requests: number; rate: (i: number) => number }) {
  const random = randomOf(seed);
  return Array.from({ length: of.polls }, (_, i): Counts => {
    const total = poisson(random, of.requests);
    let events = 0;
    for (let k = 0; k < total; k++) if (random() < of.rate(i)) events++;
    return [events, total];
  });
}

/** The limit after each poll. */
function* follow(plan: Plan, samples: readonly Sample[]): Generator<[LimitAssessment, Evidence]> {
  let evidence = openEvidence(plan);
  for (const sample of samples) {
    evidence = observe(evidence, plan, reading(sample), AT);
    const [limit] = assess(evidence, plan, AT).limits;
    if (limit !== undefined) yield [limit, evidence];
  }
}

function firedAfter(plan: Plan, polls: readonly Counts[]): number | null {
  let i = 0;
  for (const [limit] of follow(
    plan,
    polls.map((poll, k) => sampleOf(k, poll)),
  )) {
    i++;
    if (limit.fired) return i;
  }
  return null;
}

const many = <T>(n: number, one: (seed: number) => T) => Array.from({ length: n }, (_, seed) => one(seed));

describe('a limit where polls have a few requests', () => {
  test('fires about when its time is over, though most of its polls have no error', () => {
    const plan = limited({ above: '5%', for: '10m' });
    const fired = many(60, (seed) =>
      firedAfter(plan, traffic(seed, { polls: 30 * MINUTE, requests: 3, rate: () => 0.3 })),
    );
    expect(fired.filter((after) => after !== null && after < 10 * MINUTE)).toEqual([]);
    expect(fired.filter((after) => after !== null).length).toBeGreaterThanOrEqual(57);
    const sorted = fired.flatMap((after) => after ?? []).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(15 * MINUTE);
  });

  test('does not by one error here and there, nor at half of its threshold', { timeout: 60_000 }, () => {
    const day = { polls: 24 * 60 * MINUTE, requests: 3 };
    const fires = (limit: { above: string; for: string }, rate: number) =>
      many(6, (seed) => firedAfter(limited(limit), traffic(100 + seed, { ...day, rate: () => rate }))).filter(
        (after) => after !== null,
      );
    expect(fires({ above: '1%', for: '2m' }, 0.001)).toEqual([]);
    expect(fires({ above: '1%', for: '2m' }, 0.005)).toEqual([]);
    expect(fires({ above: '5%', for: '10m' }, 0.025)).toEqual([]);
  });

  test('begins its time again once things are well', () => {
    const plan = limited({ above: '5%', for: '10m' });
    const mended = (seed: number) =>
      traffic(200 + seed, { polls: 60 * MINUTE, requests: 3, rate: (i) => (i < 6 * MINUTE ? 0.15 : 0.002) });
    expect(many(40, (seed) => firedAfter(plan, mended(seed))).filter((after) => after !== null)).toEqual([]);
  });

  test('does not fire for a blip that is over, however long its time is', () => {
    const after = (limit: { above: string; for: string }, blip: readonly Counts[], requests: number) =>
      firedAfter(limited(limit), [...blip, ...Array.from({ length: 200 }, (): Counts => [0, requests])]);
    const twice = (events: number, total: number): Counts[] => [
      [events, total],
      [events, total],
    ];
    expect(after({ above: '1%', for: '2m' }, twice(10, 20), 20)).toBeNull();
    expect(after({ above: '1%', for: '2m' }, twice(2, 20), 20)).toBeNull();
    expect(after({ above: '0.1%', for: '10m' }, twice(15, 50), 50)).toBeNull();
    expect(after({ above: '1%', for: '10m' }, [...twice(3, 3), ...twice(3, 3)], 3)).toBeNull();
    expect(after({ above: '0.5%', for: '5m' }, [...twice(10, 10), [10, 10]], 10)).toBeNull();
  });

  test('fires at each crossing where it need not last', () => {
    const plan = limited({ above: '5%', for: '0s' });
    const polls: Counts[] = [3, 0, 3, 0, 1].map((events) => [events, 20]);
    const fired = [
      ...follow(
        plan,
        polls.map((poll, i) => sampleOf(i, poll)),
      ),
    ].map(([limit]) => limit.fired);
    expect(fired).toEqual([true, false, true, false, false]);
  });

  test('fires where each poll was above for long enough, whatever was before', () => {
    const plan = limited({ above: '5%', for: '1m' });
    const polls: Counts[] = [[3, 39], [1, 39], ...Array.from({ length: 4 }, (): Counts => [2, 39])];
    expect(firedAfter(plan, polls)).toBe(6);
  });

  test('tells the rate of the polls that it goes by', () => {
    const plan = limited({ above: '5%', for: '2m' });
    const polls: Counts[] = [...Array.from({ length: 8 }, (): Counts => [2, 3]), [0, 3]];
    const limits = [
      ...follow(
        plan,
        polls.map((poll, i) => sampleOf(i, poll)),
      ),
    ].map(([limit]) => limit);
    expect(limits.at(-1)).toMatchObject({ fired: true, value: 16 / 27, since: 15, threshold: 0.05 });
  });

  test('goes by the baseline of the same polls where it is a multiple of it', () => {
    const plan = planOf({
      stages: [{ name: 'internal', percent: 50, bake: '1h', minRequests: 0 }],
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total' }],
      limits: [{ name: 'double', metric: 'errors', above: '2x baseline', for: '10m', action: 'rollback' }],
    });
    const ends = (rate: number) =>
      many(30, (seed) => {
        const of = { polls: 60 * MINUTE, requests: 3 };
        const [canary, baseline] = [
          traffic(300 + seed, { ...of, rate: () => rate }),
          traffic(400 + seed, { ...of, rate: () => 0.05 }),
        ];
        const samples = canary.map((poll, i) => sampleOf(i, poll, baseline[i]));
        return [...follow(plan, samples)].some(([limit]) => limit.fired);
      }).filter(Boolean).length;
    expect(ends(0.4)).toBeGreaterThanOrEqual(27);
    expect(ends(0.07)).toBe(0);
  });

  test('keeps little, however low its threshold and long the run', () => {
    const plan = limited({ above: '0.01%', for: '6h' });
    let longest = 0;
    const polls = traffic(5, { polls: 4000, requests: 2, rate: () => 0.05 });
    for (const [, evidence] of follow(
      plan,
      polls.map((poll, i) => sampleOf(i, poll)),
    ))
      longest = Math.max(longest, JSON.stringify(evidence.limits).length);
    expect(longest).toBeGreaterThan(100);
    expect(longest).toBeLessThan(2000);
  });
});

test('where each poll has enough trials a limit is judged poll by poll, as it was', () => {
  const plan = limited({ above: '5%', for: '1m' });
  // 40 trials are those among which two events are to be expected at 5 %.
  const poll = fc
    .tuple(fc.integer({ min: 40, max: 200 }), fc.integer({ min: 0, max: 12 }))
    .map(([total, events]): Counts => [events, total]);
  fc.assert(
    fc.property(fc.array(fc.oneof(poll, fc.constant<Counts>([0, 0])), { maxLength: 40 }), (polls) => {
      let since: number | null = null;
      let seconds = 0;
      let i = 0;
      for (const [limit] of follow(
        plan,
        polls.map((one, k) => sampleOf(k, one)),
      )) {
        const [events, total] = polls[i] ?? [0, 0];
        i++;
        if (total > 0) {
          const above = events / total > 0.05;
          seconds = above ? seconds + 15 : 0;
          since = above ? (since ?? 15 * i) : null;
        }
        expect([limit.since, limit.fired]).toEqual([since, since !== null && seconds >= 60]);
      }
    }),
    { numRuns: 300 },
  );
});

test('the chance of so many events or more', () => {
  expect(upperTail(8, { trials: 10, p: 0.5 })).toBeCloseTo(56 / 1024, 14);
  expect(upperTail(3, { trials: 3, p: 0.1 })).toBeCloseTo(1e-3, 16);
  expect(upperTail(1, { trials: 20, p: 0.01 })).toBeCloseTo(1 - 0.99 ** 20, 14);
  // Poisson(1), 10 or more: 1.1142547834e-7; the binomial of a million trials differs in the sixth digit.
  expect(upperTail(10, { trials: 1e6, p: 1e-6 }) / 1.1142547834e-7).toBeCloseTo(1, 4);
  expect(upperTail(5, { trials: 10, p: 0.5 })).toBe(1);
  expect(upperTail(0, { trials: 0, p: 0.5 })).toBe(1);
  expect(upperTail(1, { trials: 5, p: 0 })).toBe(0);
  expect(upperTail(4, { trials: 5, p: 1 })).toBe(1);
});
