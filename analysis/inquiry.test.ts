import { describe, expect, test } from 'vitest';
import { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import type { Evidence } from './evidence.ts';
import { observe, openEvidence } from './gate.ts';
import { inquiryOf } from './inquiry.ts';
import { errorsPoll, latencyBuckets, planOf, randomOf, reading, rejected } from './traffic.fixture.ts';

const STEP = 15;
const plan = planOf();

/** Polls of one stage; from `turn` on the canary fails at 5 %. */
function seen(of: {
  polls: number;
  turn: number;
  stageIndex?: number;
  lost?: (poll: number) => boolean;
}): Evidence {
  const { polls, turn, stageIndex = 2, lost = () => false } = of;
  const random = randomOf(3);
  let evidence = openEvidence(plan);
  for (let i = 0; i < polls; i++) {
    const t = (i + 1) * STEP;
    const rates = { baseline: 0.005, canary: i < turn ? 0.005 : 0.05 };
    const sample = errorsPoll(random, { stage: '25%', t, requests: 3000, share: 0.25, ...rates });
    evidence = observe(evidence, plan, lost(i) ? rejected(t) : reading(sample), { stageIndex });
  }
  return evidence;
}

describe('what is searched', () => {
  test('begins with the component that carries the evidence, near where the regression began', () => {
    const inquiry = inquiryOf(seen({ polls: 220, turn: 200 }), plan, { stageIndex: 2, metric: 'errors' });
    expect(inquiry).toMatchObject({ metric: 'errors', to: 3300, counted: 'bad', edge: null, assumed: true });
    expect(inquiry?.from).toBeGreaterThan(180 * STEP);
    expect(inquiry?.from).toBeLessThanOrEqual(203 * STEP);
    expect(inquiry?.G).toBeGreaterThan(0.09);
  });

  test('lasts as much longer as polls were lost', () => {
    const lost = (i: number) => i % 2 === 0;
    const { from = 0 } =
      inquiryOf(seen({ polls: 260, turn: 200, lost }), plan, { stageIndex: 2, metric: 'errors' }) ?? {};
    // The thirty polls since are sixty polls of time.
    expect(from).toBeGreaterThan(180 * STEP);
    expect(from).toBeLessThan(225 * STEP);
  });

  test('is never more than the stage, nor than four hours', () => {
    const young = inquiryOf(seen({ polls: 3, turn: 0 }), plan, { stageIndex: 2, metric: 'errors' });
    expect(young).toMatchObject({ from: 0, to: 45 });
    const old = inquiryOf(seen({ polls: 1500, turn: 0 }), plan, { stageIndex: 2, metric: 'errors' });
    expect((old?.to ?? 0) - (old?.from ?? 0)).toBe(4 * 3600);
  });

  test('counts a latency above the edge that carries its evidence', () => {
    const slow = Plan.parse({
      metadata: { name: 'p' },
      flag: { key: 'p' },
      metrics: [{ name: 'latency', kind: 'latency', histogram: 'h', quantile: 0.9, soft: '+20%' }],
      stages: [{ name: '50%', percent: 50, bake: '1h' }],
    });
    const random = randomOf(5);
    let evidence = openEvidence(slow);
    for (let i = 1; i <= 30; i++) {
      const cohort = (mean: number) => ({
        requests: 500,
        ratios: {},
        histograms: { latency: latencyBuckets(random, { requests: 500, mean }) },
      });
      const sample: Sample = { stage: '50%', t: i * STEP, baseline: cohort(0.2), canary: cohort(0.4) };
      evidence = observe(evidence, slow, reading(sample), { stageIndex: 0 });
    }
    const inquiry = inquiryOf(evidence, slow, { stageIndex: 0, metric: 'latency' });
    expect([0.5, 0.75, 1]).toContain(inquiry?.edge);
  });

  test('of a gauge is enough to know its scatter by, with what equal cohorts of it may differ by', () => {
    const heavy = planOf({
      metrics: [{ name: 'memory', kind: 'gauge', gauge: 'bytes', soft: '+20%' }],
    });
    const random = randomOf(9);
    let evidence = openEvidence(heavy);
    for (let i = 1; i <= 220; i++) {
      const cohort = (memory: number) => ({
        requests: 0,
        ratios: {},
        histograms: {},
        gauges: { memory: memory * (1 + 0.01 * random()) },
      });
      const sample: Sample = {
        stage: '25%',
        t: i * STEP,
        baseline: cohort(100),
        canary: cohort(i <= 200 ? 100 : 200),
        halves: [cohort(100), cohort(100)],
      };
      evidence = observe(evidence, heavy, reading(sample), { stageIndex: 2 });
    }
    const inquiry = inquiryOf(evidence, heavy, { stageIndex: 2, metric: 'memory' });
    expect(inquiry).toMatchObject({ metric: 'memory', to: 3300, values: true, edge: null, assumed: false });
    expect(inquiry?.from).toBeLessThanOrEqual((220 - 24) * STEP);
    expect(inquiry?.from).toBeGreaterThan(180 * STEP);
    expect(inquiry?.G).toBeGreaterThan(0);
    expect(inquiry?.G).toBeLessThan(0.01);
  });

  test('is nothing of a metric that was never seen', () => {
    expect(inquiryOf(openEvidence(plan), plan, { stageIndex: 0, metric: 'errors' })).toBeNull();
    expect(inquiryOf(seen({ polls: 3, turn: 0 }), plan, { stageIndex: 2, metric: 'no such' })).toBeNull();
  });
});
