import { describe, expect, test } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, CohortSample, HistorySample, Sample } from '../plans/sample.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { profileOf } from './profile.ts';
import { planStage } from './stage-outlook.ts';
import { latencyBuckets, planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const POLLS = 960;
const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

type Make = (random: () => number, requests: number, canary: boolean) => CohortSample;

function together(one: CohortSample, two: CohortSample): CohortSample {
  const ratios: CohortSample['ratios'] = {};
  for (const [name, count] of Object.entries(one.ratios)) {
    const other = two.ratios[name] ?? { events: 0, total: 0 };
    ratios[name] = { events: count.events + other.events, total: count.total + other.total };
  }
  const histograms: Record<string, Buckets> = {};
  for (const [name, buckets] of Object.entries(one.histograms))
    histograms[name] = buckets.map(([edge, count], i) => [
      edge,
      count + (two.histograms[name]?.[i]?.[1] ?? 0),
    ]);
  const means: NonNullable<CohortSample['means']> = {};
  for (const [name, mean] of Object.entries(one.means ?? {})) {
    const other = two.means?.[name] ?? { sum: 0, count: 0 };
    means[name] = { sum: mean.sum + other.sum, count: mean.count + other.count };
  }
  // Of instances that are as many in both parts.
  const gauges: NonNullable<CohortSample['gauges']> = {};
  for (const [name, value] of Object.entries(one.gauges ?? {}))
    gauges[name] = (value + (two.gauges?.[name] ?? value)) / 2;
  return { requests: one.requests + two.requests, ratios, histograms, means, gauges };
}

interface Case {
  plan: Plan;
  requests: number;
  make: Make;
}

const SHARE = 0.25;

function outlook({ plan, requests, make }: Case) {
  const random = randomOf(11);
  const history = Array.from({ length: 1920 }, (_, i): HistorySample => {
    const halves = [make(random, requests / 2, false), make(random, requests / 2, false)] as const;
    return { stage: 'history', t: (i - 1920) * STEP, baseline: together(...halves), halves };
  });
  const profile = profileOf(plan, history);
  const [{ name } = { name: '' }] = plan.metrics;
  const perHour = (requests * 3600) / STEP;
  const traffic = { [name]: { perHour, quietest: null, hours: 0 } };
  const stage = planStage({ plan, profile, traffic, users: null, sliceUsers: {} }, 0);
  const [metric] = stage.metrics;
  if (metric?.kind !== 'planned') throw new Error(JSON.stringify(metric));
  return { outlook: metric.mean, profile };
}

/** Seconds after which the gate's verdict becomes one of those wanted. */
function simulated(of: Case, at: { seed: number; learnt: object; until: readonly string[] }): number {
  const { plan, requests, make } = of;
  const random = randomOf(at.seed);
  const context = { stageIndex: 0, brief: true, ...at.learnt };
  let evidence = openEvidence(plan);
  for (let i = 1; i <= POLLS; i++) {
    const halves = [0, 1].map(() => make(random, (requests * (1 - SHARE)) / 2, false));
    const [one, two] = halves;
    if (one === undefined || two === undefined) throw new Error('two halves');
    const sample: Sample = {
      stage: '25%',
      t: i * STEP,
      baseline: together(one, two),
      canary: make(random, requests * SHARE, true),
      halves: [one, two],
    };
    evidence = observe(evidence, plan, reading(sample), context);
    if (at.until.includes(assess(evidence, plan, context).verdict)) return i * STEP;
  }
  return Number.POSITIVE_INFINITY;
}

const stages = [{ name: '25%', percent: 25, bake: '1h' }];
const learntOf = ({ profile }: ReturnType<typeof outlook>) => profile.learnt;

function compare(of: Case, runs: number) {
  const planned = outlook(of);
  const stops = Array.from({ length: runs }, (_, i) =>
    simulated(of, { seed: 900 + i, learnt: learntOf(planned), until: ['soft', 'hard'] }),
  );
  const hard = planned.outlook.detections.find(({ of: margin, times }) => margin === 'hard' && times === 1);
  if (hard?.kind !== 'found') throw new Error('found');
  const within = stops.filter((time) => time <= (hard.likely ?? 0)).length / runs;
  return { ratio: hard.seconds / median(stops), within };
}

describe('planned times of the other kinds are those of simulated rollouts', () => {
  test('a latency', { timeout: 60_000 }, () => {
    const plan = planOf({
      stages,
      metrics: [{ name: 'latency', kind: 'latency', histogram: 'h', soft: '+20%', hard: '+50%' }],
    });
    const make: Make = (random, requests, canary) => {
      const n = poisson(random, requests);
      const buckets = latencyBuckets(random, { requests: n, mean: canary ? 0.15 : 0.1 });
      return { requests: n, ratios: {}, histograms: { latency: buckets } };
    };
    const { ratio, within } = compare({ plan, requests: 120, make }, 41);
    expect(within).toBeGreaterThan(0.75);
    expect(ratio).toBeGreaterThan(1 / 1.5);
    expect(ratio).toBeLessThan(1.5);
  });

  test('a mean', { timeout: 60_000 }, () => {
    const plan = planOf({
      stages,
      metrics: [{ name: 'revenue', kind: 'mean', sum: 's', count: 'c', soft: '-2%', hard: '-8%' }],
    });
    const make: Make = (random, requests, canary) => {
      const count = poisson(random, requests);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += (canary ? 9.2 : 10) * -Math.log(1 - random());
      return { requests: count, ratios: {}, histograms: {}, means: { revenue: { sum, count } } };
    };
    const { ratio, within } = compare({ plan, requests: 200, make }, 41);
    expect(within).toBeGreaterThan(0.75);
    expect(ratio).toBeGreaterThan(1 / 1.5);
    expect(ratio).toBeLessThan(1.5);
  });

  test('a gauge, whatever the traffic', { timeout: 60_000 }, () => {
    const plan = planOf({
      stages,
      metrics: [{ name: 'memory', kind: 'gauge', gauge: 'g', soft: '+2%', hard: '+6%' }],
    });
    const make: Make = (random, requests, canary) => {
      const value = (canary ? 530 : 500) + 60 * (random() - 0.5);
      return { requests, ratios: {}, histograms: {}, gauges: { memory: value } };
    };
    const { ratio, within } = compare({ plan, requests: 200, make }, 41);
    expect(within).toBeGreaterThan(0.75);
    expect(ratio).toBeGreaterThan(1 / 1.6);
    expect(ratio).toBeLessThan(1.6);
  });

  test.each([
    {
      of: 'errors',
      metric: { kind: 'ratio', bad: 'b', total: 't', improve: '-0.5pp' },
      make: (random: () => number, requests: number, canary: boolean): CohortSample => {
        const total = poisson(random, requests);
        const events = Math.min(total, poisson(random, total * (canary ? 0.01 : 0.02)));
        return { requests: total, ratios: { it: { events, total } }, histograms: {} };
      },
    },
    {
      of: 'a latency',
      metric: { kind: 'latency', histogram: 'h', soft: '+20%', improve: '-10%' },
      make: (random: () => number, requests: number, canary: boolean): CohortSample => {
        const n = poisson(random, requests);
        const it = latencyBuckets(random, { requests: n, mean: canary ? 0.16 : 0.2 });
        return { requests: n, ratios: {}, histograms: { it } };
      },
    },
    {
      of: 'a latency without a margin',
      metric: { kind: 'latency', histogram: 'h', improve: '-10%' },
      make: (random: () => number, requests: number, canary: boolean): CohortSample => {
        const n = poisson(random, requests);
        const it = latencyBuckets(random, { requests: n, mean: canary ? 0.16 : 0.2 });
        return { requests: n, ratios: {}, histograms: { it } };
      },
    },
    {
      of: 'a mean',
      metric: { kind: 'mean', sum: 's', count: 'c', soft: '-5%', improve: '+4%' },
      make: (random: () => number, requests: number, canary: boolean): CohortSample => {
        const count = poisson(random, requests);
        let sum = 0;
        for (let i = 0; i < count; i++) sum += (canary ? 10.8 : 10) * -Math.log(1 - random());
        return { requests: count, ratios: {}, histograms: {}, means: { it: { sum, count } } };
      },
    },
  ])('the improvement of $of that the plan asks for', { timeout: 60_000 }, ({ metric, make }) => {
    const plan = planOf({
      stages: [{ ...stages[0], bake: '15s', minRequests: 0 }],
      metrics: [{ name: 'it', ...metric }],
    });
    const of: Case = { plan, requests: 150, make };
    const planned = outlook(of);
    const passes = Array.from({ length: 41 }, (_, i) =>
      simulated(of, { seed: 500 + i, learnt: learntOf(planned), until: ['pass'] }),
    );
    const { seconds, better, margin } = planned.outlook.improvement ?? { better: 0, margin: 0 };
    expect(better).toBeCloseTo(2 * margin, 9);
    const ratio = (seconds ?? 0) / median(passes);
    expect(ratio).toBeGreaterThan(1 / 1.5);
    expect(ratio).toBeLessThan(1.5);
  });

  test('good events, where they are the rarer ones', { timeout: 60_000 }, () => {
    const plan = planOf({
      stages,
      metrics: [{ name: 'orders', kind: 'ratio', good: 'g', total: 't', soft: '-0.5pp', hard: '-2pp' }],
    });
    const make: Make = (random, requests, canary) => {
      const total = poisson(random, requests);
      const events = Math.min(total, poisson(random, total * (canary ? 0.04 : 0.06)));
      return { requests: total, ratios: { orders: { events, total } }, histograms: {} };
    };
    const { ratio, within } = compare({ plan, requests: 400, make }, 41);
    expect(within).toBeGreaterThan(0.75);
    expect(ratio).toBeGreaterThan(1 / 1.5);
    expect(ratio).toBeLessThan(1.5);
  });

  test('the proof of safety', { timeout: 60_000 }, () => {
    const plan = planOf({
      stages: [{ ...stages[0], bake: '15s', minRequests: 0, promote: { proof: '0.5pp' } }],
    });
    const make: Make = (random, requests) => {
      const total = poisson(random, requests);
      const events = Math.min(total, poisson(random, total * 0.005));
      return { requests: total, ratios: { errors: { events, total } }, histograms: {} };
    };
    const of: Case = { plan, requests: 1000, make };
    const planned = outlook(of);
    const passes = Array.from({ length: 41 }, (_, i) =>
      simulated(of, { seed: 300 + i, learnt: learntOf(planned), until: ['pass'] }),
    );
    const ratio = (planned.outlook.proof?.seconds ?? 0) / median(passes);
    expect(ratio).toBeGreaterThan(1 / 1.5);
    expect(ratio).toBeLessThan(1.5);
  });
});
