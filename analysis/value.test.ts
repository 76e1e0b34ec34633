import { describe, expect, test } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import type { Evidence } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { lnPhi } from './normal.ts';
import { expectPrinted } from './printed.fixture.ts';
import { addScatter, NO_SCATTER, varianceOf } from './scatter.ts';
import { planOf, randomOf, reading } from './traffic.fixture.ts';
import { halfWidth, lnValueEvidence, mixtureScale } from './value-kernel.ts';

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

describe('numbers of the method', () => {
  test('8: a gauge', () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.sin(i + 1) + 0.2);
    const mean = values.reduce((sum, value) => sum + value, 0) / 100;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 100);
    expectPrinted(mixtureScale(0.05, 100), '.079361546');
    expectPrinted(mean, '.198728290');
    expectPrinted(halfWidth({ n: 100, deviation, alpha: 0.05, planned: 100 }), '.215196587');
  });

  test('the normal distribution function, also far out', () => {
    expect(lnPhi(0)).toBeCloseTo(Math.log(0.5), 14);
    expect(lnPhi(1.959963984540054)).toBeCloseTo(Math.log(0.975), 12);
    expect(lnPhi(-1.959963984540054)).toBeCloseTo(Math.log(0.025), 12);
    expect(lnPhi(-5)).toBeCloseTo(Math.log(2.866515718791939e-7), 10);
    expect(lnPhi(-5.000001)).toBeCloseTo(lnPhi(-5), 4);
    expect(lnPhi(-40)).toBeCloseTo(-804.608442, 5);
  });

  test('the one-sided evidence is the mixture that it claims to be', () => {
    // Integral of exp(l z sqrt(n) - n l^2/2) over a half-normal prior of variance r2, by midpoints.
    const [z, n, r2] = [1.7, 40, 0.05];
    let sum = 0;
    const step = 1e-4;
    for (let l = step / 2; l < 3; l += step)
      sum +=
        Math.exp(l * z * Math.sqrt(n) - (n * l * l) / 2) *
        ((2 * step) / Math.sqrt(2 * Math.PI * r2)) *
        Math.exp(-(l * l) / (2 * r2));
    expect(lnValueEvidence({ z, n, scales: [r2] })).toBeCloseTo(Math.log(sum), 7);
  });

  test('values that wander scatter more over many polls than over one', () => {
    const random = randomOf(3);
    let wander = 0;
    let lasting = NO_SCATTER;
    let fresh = NO_SCATTER;
    for (let i = 0; i < 4096; i++) {
      wander = 0.9 * wander + Math.sqrt(1 - 0.81) * gauss(random);
      lasting = addScatter(lasting, { Y: 2 * (wander + 5), W: 2 });
      fresh = addScatter(fresh, { Y: 2 * (gauss(random) + 5), W: 2 });
    }
    const about = { kind: 'mean', since: null } as const;
    const [slow, quick] = [varianceOf(lasting, about), varianceOf(fresh, about)];
    // Per unit of weight: two for values of variance one that weigh two. AR(0.9): 19 times that in the long run.
    expect(quick?.(1)).toBeGreaterThan(1.8);
    expect(quick?.(256)).toBeLessThan(4.5);
    expect(slow?.(256)).toBeGreaterThan(25);
    expect(varianceOf(fresh, { kind: 'zero' })?.(1)).toBeGreaterThan(45);
    expect(varianceOf(addScatter(NO_SCATTER, { Y: 1, W: 1 }), about)).toBeNull();
  });
});

const gauges = (more: Record<string, unknown> = {}): Plan =>
  planOf({
    metrics: [{ name: 'cpu', kind: 'gauge', gauge: 'cpu', soft: '+10%', hard: '+30%', ...more }],
    stages: [{ name: '5%', percent: 5, bake: '1h', minRequests: 0 }],
  });
const means = (): Plan =>
  planOf({
    metrics: [{ name: 'revenue', kind: 'mean', sum: 's', count: 'c', soft: '-5%', hard: '-20%' }],
    stages: [{ name: '25%', percent: 25, bake: '1h', minRequests: 0 }],
  });

interface Run {
  plan: Plan;
  polls: number;
  cohort: (i: number, canary: boolean) => Partial<CohortSample> & { pods?: [number, number] };
}

function run({ plan, polls, cohort }: Run) {
  let evidence: Evidence = openEvidence(plan);
  const context = { stageIndex: 0, brief: true };
  for (let i = 0; i < polls; i++) {
    const empty = { requests: 100, ratios: {}, histograms: {} };
    const { pods, ...baseline } = cohort(i, false);
    const { pods: ours, ...canary } = cohort(i, true);
    const t = (i + 1) * 15;
    const half = (cpu: number) => ({ ...empty, gauges: { cpu } });
    const sample: Sample = {
      stage: 's',
      t,
      baseline: { ...empty, ...baseline },
      canary: { ...empty, ...canary },
      ...(pods === undefined ? {} : { halves: [half(pods[0]), half(pods[1])] }),
      ...(ours === undefined ? {} : { canaryHalves: [half(ours[0]), half(ours[1])] }),
    };
    evidence = observe(evidence, plan, reading(sample), context);
    const { verdict, metrics } = assess(evidence, plan, context);
    if (verdict === 'soft' || verdict === 'hard') return { verdict, t, lnE: metrics[0]?.lnE };
  }
  const last = assess(evidence, plan, { stageIndex: 0 });
  return { verdict: last.verdict, t: polls * 15, lnE: last.metrics[0]?.lnE, last };
}

/** CPU of pods whose load wanders by itself, and together with the day: one of the canary, two of the baseline. */
function cpu(seed: number, of: { ratio: number; from?: number; unit?: number }): Run['cohort'] {
  const random = randomOf(seed);
  const wander = [0, 0, 0];
  return (i, canary) => {
    const day = (of.unit ?? 1) * (0.5 + 0.2 * Math.sin(i / 40));
    const pods = wander.map((before, pod) => {
      if (canary !== (pod === 2)) return 0;
      const now = 0.8 * before + 0.6 * 0.1 * gauss(random);
      wander[pod] = now;
      return day * Math.exp(now);
    });
    const [one = 0, two = 0, three = 0] = pods;
    if (canary) return { gauges: { cpu: three * (i >= (of.from ?? 0) ? of.ratio : 1) } };
    return { gauges: { cpu: (one + two) / 2 }, pods: [one, two] };
  };
}

/** Orders of log-normal value: a few make most of the revenue. */
function orders(seed: number, ratio: number, perPoll = { baseline: 90, canary: 30 }): Run['cohort'] {
  const random = randomOf(seed);
  return (_, canary) => {
    const count = canary ? perPoll.canary : perPoll.baseline;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += 50 * Math.exp(1.2 * gauss(random));
    return { means: { revenue: { sum: sum * (canary ? ratio : 1), count } } };
  };
}

const many = <T>(n: number, one: (seed: number) => T) => Array.from({ length: n }, (_, seed) => one(seed));
const stopped = ({ verdict }: { verdict: string }) => verdict === 'soft' || verdict === 'hard';

describe('a gauge', () => {
  // Two hundred rollouts, in parts that a busy machine can judge in time.
  test.each([0, 40, 80, 120, 160])(
    'of an equal canary is not stopped, however its pods wander (from seed %i)',
    (first) => {
      expect(
        many(40, (seed) =>
          run({ plan: gauges(), polls: 240, cohort: cpu(first + seed, { ratio: 1 }) }),
        ).filter(stopped),
      ).toEqual([]);
    },
  );

  test('that is twice as large is found and called hard, early or late', () => {
    const polls = (from: number) =>
      many(20, (seed) =>
        run({ plan: gauges(), polls: 240, cohort: cpu(700 + seed, { ratio: 2, from }) }),
      ).map(({ verdict, t }) => (verdict === 'hard' && t > from * 15 ? t / 15 - from : 240));
    for (const from of [0, 150]) {
      const sorted = polls(from).sort((a, b) => a - b);
      expect(sorted[10]).toBeLessThan(60);
      expect(sorted.filter((n) => n === 240).length).toBeLessThanOrEqual(2);
    }
  });

  test('of a canary whose pods differ more than those of the baseline is told, and its interval is wider', () => {
    const of = (noise: number): Run['cohort'] => {
      const random = randomOf(31);
      const state = [0, 0, 0, 0];
      return (_, canary) => {
        const pod = (k: number) => {
          state[k] = 0.8 * (state[k] ?? 0) + 0.6 * (k > 1 ? noise : 0.05) * gauss(random);
          return 0.5 * Math.exp(state[k] ?? 0);
        };
        const pods: [number, number] = canary ? [pod(2), pod(3)] : [pod(0), pod(1)];
        return { gauges: { cpu: (pods[0] + pods[1]) / 2 }, pods };
      };
    };
    const seen = (cohort: Run['cohort']) => run({ plan: gauges(), polls: 200, cohort }).last;
    expect(seen(of(0.05))?.warnings.join()).not.toContain('differs more');
    const noisy = seen(of(0.3));
    expect(noisy?.warnings.join()).toContain("cpu differs more between the canary's instances");
    // The same pods, of which nobody tells the canary's.
    const told = of(0.3);
    const hidden: Run['cohort'] = (i, canary) => {
      const { pods, ...others } = told(i, canary);
      return canary || pods === undefined ? others : { ...others, pods };
    };
    const width = (last: typeof noisy) => {
      const [low, high] = last?.metrics[0]?.interval ?? [0, 0];
      return high - low;
    };
    expect(width(noisy)).toBeGreaterThanOrEqual(width(seen(hidden)));
  });

  test('is judged the same in every unit', () => {
    const of = (unit: number) => run({ plan: gauges(), polls: 240, cohort: cpu(5, { ratio: 1.25, unit }) });
    expect(of(1e-6).verdict).toBe(of(1).verdict);
    expect(of(1e9).t).toBe(of(1).t);
    expect(of(1e-6).lnE).toBeCloseTo(of(1).lnE ?? 0, 6);
  });

  test('is worse when smaller, where its margins say so', () => {
    const plan = gauges({ soft: '-10%', hard: '-30%' });
    expect(run({ plan, polls: 240, cohort: cpu(8, { ratio: 1.6 }) }).verdict).not.toBe('hard');
    expect(run({ plan, polls: 240, cohort: cpu(8, { ratio: 0.5 }) }).verdict).toBe('hard');
  });

  test('has margins in its own unit too', () => {
    const plan = gauges({ soft: 0.05, hard: '+0.2' });
    expect(run({ plan, polls: 240, cohort: cpu(9, { ratio: 1 }) }).verdict).toBe('pass');
    const { verdict } = run({ plan, polls: 240, cohort: cpu(9, { ratio: 1.9 }) });
    expect(verdict).toBe('hard');
  });

  test('that never differs by chance is found too', () => {
    const flat =
      (value: number): Run['cohort'] =>
      (_, canary) => ({
        gauges: { cpu: canary ? value : 0.5 },
      });
    expect(run({ plan: gauges(), polls: 240, cohort: flat(0.5) }).verdict).toBe('pass');
    expect(run({ plan: gauges(), polls: 240, cohort: flat(0.8) })).toMatchObject({ verdict: 'hard' });
  });

  test('that a cohort does not have holds and becomes no-data; it never passes', () => {
    const cohort: Run['cohort'] = (i, canary) => (canary && i > 5 ? {} : { gauges: { cpu: 0.5 } });
    expect(run({ plan: gauges(), polls: 30, cohort }).verdict).toBe('hold');
    expect(run({ plan: gauges(), polls: 240, cohort }).verdict).toBe('no-data');
    const broken: Run['cohort'] = () => ({ gauges: { cpu: Number.NaN } });
    expect(run({ plan: gauges(), polls: 240, cohort: broken }).verdict).toBe('no-data');
  });

  test('of the canary alone has limits and no comparison', () => {
    const plan = planOf({
      metrics: [{ name: 'score', kind: 'gauge', gauge: 'g', compare: 'canary' }],
      limits: [{ name: 'too high', metric: 'score', above: 4, for: '1m', action: 'rollback' }],
      stages: [{ name: '5%', percent: 5, bake: '30m', minRequests: 0 }],
    });
    const cohort =
      (value: number): Run['cohort'] =>
      (_, canary) =>
        canary ? { gauges: { score: value } } : {};
    expect(run({ plan, polls: 130, cohort: cohort(3) }).verdict).toBe('pass');
    expect(run({ plan, polls: 130, cohort: cohort(5) })).toMatchObject({ verdict: 'hard', t: 60 });
  });
});

describe('a mean of heavy-tailed values', () => {
  test('of an equal canary is not stopped', () => {
    expect(
      many(150, (seed) => run({ plan: means(), polls: 240, cohort: orders(seed, 1) })).filter(stopped),
    ).toEqual([]);
  });

  test('of a canary with few orders is not stopped either', () => {
    expect(
      many(100, (seed) =>
        run({ plan: means(), polls: 240, cohort: orders(seed, 1, { baseline: 60, canary: 2 }) }),
      ).filter(stopped),
    ).toEqual([]);
  });

  test('that loses a third is found and called hard', () => {
    const runs = many(20, (seed) => run({ plan: means(), polls: 240, cohort: orders(seed, 0.65) }));
    expect(runs.filter(({ verdict }) => verdict === 'hard').length).toBeGreaterThanOrEqual(19);
  });

  test('is read in its own direction', () => {
    const { last } = run({ plan: means(), polls: 240, cohort: orders(2, 1.02) });
    const [shown] = last?.metrics ?? [];
    expect(shown?.soft).toBeLessThan(0);
    expect(shown?.interval?.[0]).toBeLessThan(shown?.estimate ?? 0);
    expect(shown?.canary).toBeGreaterThan(60);
  });

  test('without orders in a poll is a quiet poll', () => {
    const cohort: Run['cohort'] = (_, canary) => ({
      means: { revenue: canary ? { sum: 0, count: 0 } : { sum: 500, count: 5 } },
    });
    expect(run({ plan: means(), polls: 240, cohort }).verdict).toBe('hold');
  });
});

describe('a metric that must improve', () => {
  const plan = (improve: string, kind: Record<string, unknown>) =>
    planOf({
      metrics: [{ name: 'm', improve, ...kind }],
      analysis: { noise: 0.05 },
      stages: [{ name: '50%', percent: 50, bake: '1h', minRequests: 0 }],
    });
  const ratio = { kind: 'ratio', good: 'orders', total: 'visits' };
  const conversion = (seed: number, canaryRate: number): Run['cohort'] => {
    const random = randomOf(seed);
    return (_, canary) => {
      let events = 0;
      for (let k = 0; k < 500; k++) if (random() < (canary ? canaryRate : 0.04)) events++;
      return { ratios: { m: { events, total: 500 } } };
    };
  };

  test('holds until it is shown to be better by what is asked', () => {
    const better = run({ plan: plan('+1pp', ratio), polls: 240, cohort: conversion(1, 0.06) });
    expect(better.verdict).toBe('pass');
    const equal = run({ plan: plan('+1pp', ratio), polls: 240, cohort: conversion(1, 0.04) });
    expect(equal.last).toMatchObject({ verdict: 'hold', holding: [{ kind: 'improvement', metrics: ['m'] }] });
    expect(equal.last?.reason).toContain('not yet shown to be better: m');
  });

  test('also as a gauge', () => {
    const gauge = { kind: 'gauge', gauge: 'g' };
    const cohort = (ratio: number): Run['cohort'] => {
      const draw = cpu(4, { ratio });
      return (i, canary) => ({ gauges: { m: draw(i, canary).gauges?.['cpu'] ?? 0 } });
    };
    expect(run({ plan: plan('-10%', gauge), polls: 240, cohort: cohort(0.4) }).verdict).toBe('pass');
    expect(run({ plan: plan('-10%', gauge), polls: 240, cohort: cohort(1) }).verdict).toBe('hold');
  });

  test.each([
    ['+10%', 1.4],
    ['-10%', 0.6],
  ] as const)('also as a mean that is to change by %s', (improve, better) => {
    const mean = plan(improve, { kind: 'mean', sum: 's', count: 'c' });
    const cohort =
      (seed: number, ratio: number): Run['cohort'] =>
      (i, canary) => {
        const random = randomOf(1000 * seed + 2 * i + Number(canary));
        let sum = 0;
        for (let k = 0; k < 60; k++) sum += 50 * (canary ? ratio : 1) * Math.exp(0.8 * gauss(random));
        return { means: { m: { sum, count: 60 } } };
      };
    const ends = (ratio: number) =>
      many(12, (seed) => run({ plan: mean, polls: 240, cohort: cohort(seed, ratio) }).verdict);
    expect(ends(better).filter((verdict) => verdict === 'pass').length).toBeGreaterThanOrEqual(11);
    // Equal, worse, or better by just what is asked: it is not shown, and nothing is stopped by that.
    for (const ratio of [1, 2 - better, 1 + 0.1 * Math.sign(better - 1)])
      expect(ends(ratio).filter((verdict) => verdict !== 'hold')).toEqual([]);
  });
});
