import { describe, expect, test } from 'vitest';
import type { Count, HistorySample } from '../plans/sample.ts';
import { measureDispersion } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { learn } from './history.ts';
import { errorsPoll, latencyBuckets, planOf, randomOf, reading } from './traffic.fixture.ts';

const plan = planOf({
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp', hard: '+0.5pp' },
    { name: 'orders', kind: 'ratio', good: 'orders', total: 'visits', soft: '-1pp' },
    { name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%', hard: '+50%' },
    { name: 'shown', kind: 'latency', histogram: 'seconds' },
  ],
});

function history(polls: number, seed = 1): HistorySample[] {
  const random = randomOf(seed);
  return Array.from({ length: polls }, (_, i) => {
    const half = () => {
      const { baseline } = errorsPoll(random, {
        stage: 'history',
        t: 0,
        requests: 400,
        share: 0.5,
        baseline: 0.01,
        canary: 0,
      });
      const { requests, ratios } = baseline;
      const orders = Math.round(requests * (0.04 + 0.01 * random()));
      const latency = latencyBuckets(random, { requests, mean: 0.1 });
      return {
        requests,
        ratios: { ...ratios, orders: { events: orders, total: requests } } as Record<string, Count>,
        histograms: { latency, shown: latency },
      };
    };
    const [one, two] = [half(), half()];
    const sum = (name: string) => ({
      events: (one.ratios[name]?.events ?? 0) + (two.ratios[name]?.events ?? 0),
      total: one.requests + two.requests,
    });
    const buckets = one.histograms.latency.map(
      ([edge, count], k) => [edge, count + (two.histograms.latency[k]?.[1] ?? 0)] as const,
    );
    return {
      stage: 'history',
      t: (i - polls) * 15,
      baseline: {
        requests: one.requests + two.requests,
        ratios: { errors: sum('errors'), orders: sum('orders') },
        histograms: { latency: buckets, shown: buckets },
      },
      halves: [one, two],
    };
  });
}

describe('the time before a rollout', () => {
  test('gives each metric its curve, counted as the test counts it', () => {
    const polls = history(64);
    const { dispersion, edges } = learn(plan, polls);
    const counted = (of: (half: NonNullable<HistorySample['halves']>[0]) => [number, number]) =>
      measureDispersion(
        polls.flatMap(({ halves }) => {
          if (halves === undefined) return [];
          const [xc, nc] = of(halves[0]);
          const [xb, nb] = of(halves[1]);
          return [{ canaryEvents: xc, canaryTotal: nc, baselineEvents: xb, baselineTotal: nb }];
        }),
        plan.analysis.noise,
      );
    expect(dispersion['errors']).toEqual(
      counted(({ ratios, requests }) => [ratios['errors']?.events ?? 0, requests]),
    );
    // 4 % of visits order: the orders are counted, not the 96 % without.
    expect(dispersion['orders']).toEqual(
      counted(({ ratios, requests }) => [ratios['orders']?.events ?? 0, requests]),
    );
    expect(dispersion['latency']).toHaveLength(4);
    expect(edges['latency']?.length).toBeGreaterThan(1);
    // It has no margin: nothing is under test.
    expect(edges['shown']).toBeUndefined();
  });

  test('gives each edge of a latency a curve of its own, the highest of which is that of the metric', () => {
    const { dispersion, edges, edgeDispersion } = learn(plan, history(64));
    const curves = edgeDispersion?.['latency'] ?? [];
    expect(curves).toHaveLength(edges['latency']?.length ?? 0);
    const highest = (dispersion['latency'] ?? []).map((_, k) =>
      Math.max(...curves.map((one) => one?.[k] ?? 0)),
    );
    expect(highest).toEqual(dispersion['latency']);
    expect(new Set(curves.map((one) => JSON.stringify(one))).size).toBeGreaterThan(1);
    expect(edgeDispersion?.['shown']).toBeUndefined();
  });

  test('says nothing of what it does not hold', () => {
    expect(learn(plan, [])).toEqual({ dispersion: {}, edges: {} });
    const { dispersion, edges } = learn(plan, history(3));
    expect(dispersion).toEqual({});
    expect(Object.keys(edges)).toEqual(['latency']);
    const alone = history(64).map(({ stage, t, baseline }) => ({ stage, t, baseline }));
    expect(learn(plan, alone).dispersion).toEqual({});
  });

  test('leaves out polls that contradict themselves', () => {
    const polls = history(64);
    const wrong = polls.map((sample) => ({
      ...sample,
      baseline: { ...sample.baseline, ratios: { errors: { events: 9, total: 1 } } },
    }));
    expect(learn(plan, [...polls, ...wrong])).toEqual(learn(plan, polls));
  });

  test('lets a gate test latency from its first poll on', () => {
    const random = randomOf(7);
    const context = { stageIndex: 1, ...learn(plan, history(200)) };
    const cohort = (requests: number, mean: number) => {
      const latency = latencyBuckets(random, { requests, mean });
      return {
        requests,
        ratios: {
          errors: { events: requests / 100, total: requests },
          orders: { events: 0.04 * requests, total: requests },
        },
        histograms: { latency, shown: latency },
      };
    };
    const sample = { stage: '5%', t: 15, baseline: cohort(800, 0.1), canary: cohort(200, 0.3) };
    const told = assess(observe(openEvidence(plan), plan, reading(sample), context), plan, context);
    expect(told.metrics.find(({ metric }) => metric === 'latency')?.lnE).toBeGreaterThan(1);
    expect(told.warnings.join()).not.toContain('assumed');
    const blind = { stageIndex: 1 };
    const untold = assess(observe(openEvidence(plan), plan, reading(sample), blind), plan, blind);
    expect(untold.metrics.find(({ metric }) => metric === 'latency')?.lnE).toBe(0);
  });
});
