import { describe, expect, test } from 'vitest';
import type { Breakdown, CohortCounts } from '../plans/breakdown.ts';
import type { Explanation } from '../plans/explanation.ts';
import type { RatioMetric } from '../plans/metric.ts';
import type { CohortSample } from '../plans/sample.ts';
import { drilldown } from './drilldown.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { type Inquiry, inquiryOf } from './inquiry.ts';
import { planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const BASELINE = 10;
/** Halves of five instances differ by two fifths of what each does. */
const KNOWN = Array.from({ length: 7 }, () => 0.4 * 0.4 ** 2);
const plan = planOf({ stages: [{ name: '25%', percent: 25, bake: '2h' }] });
const [errors] = plan.metrics as [RatioMetric];

interface Service {
  canary: number;
  /** Instances of the canary that fail `extra` more from poll `onset` on. */
  bad: number;
  extra: number;
  onset: number;
  /** How much noisier each instance of the canary is than one of the baseline. */
  noisier: number;
  /** Whether the service was read for hours before. */
  known: boolean;
}

/** One instance in one poll: its noise is uniform, of CV 0.4 where it is as noisy as one of the baseline. */
function countsOf(random: () => number, of: { mean: number; rate: number; noise: number }) {
  const total = poisson(random, of.mean);
  const factor = Math.max(0, 1 + of.noise * 0.4 * Math.sqrt(12) * (random() - 0.5));
  return { events: Math.min(total, poisson(random, total * of.rate * factor)), total };
}

function plus(parts: readonly { events: number; total: number }[]): CohortSample {
  const total = parts.reduce((sum, one) => sum + one.total, 0);
  const events = parts.reduce((sum, one) => sum + one.events, 0);
  return { requests: total, ratios: { errors: { events, total } }, histograms: {} };
}

/** A rollout until its gate stops it: what it asks, and what there is to be found. Null: it did not. */
function stopOf(seed: number, service: Service): { inquiry: Inquiry; breakdown: Breakdown } | null {
  const random = randomOf(seed);
  const windows: CohortCounts[][] = Array.from({ length: BASELINE + service.canary }, () => []);
  let evidence = openEvidence(plan);
  for (let poll = 1; poll <= 480; poll++) {
    const all = windows.map((own, i) => {
      const at = i - BASELINE;
      const worse = at >= 0 && at < service.bad && poll > service.onset ? service.extra : 0;
      const one = countsOf(random, {
        mean: at >= 0 ? 750 / service.canary : 2250 / BASELINE,
        rate: 0.005 + worse,
        noise: at >= 0 ? service.noisier : 1,
      });
      const { events, total } = one;
      own.push(
        at >= 0
          ? { canaryEvents: events, canaryTotal: total, baselineEvents: 0, baselineTotal: 0 }
          : { canaryEvents: 0, canaryTotal: 0, baselineEvents: events, baselineTotal: total },
      );
      return one;
    });
    const [baseline, canary] = [all.slice(0, BASELINE), all.slice(BASELINE)];
    const halved = (of: typeof all) =>
      [plus(of.filter((_, i) => i % 2 === 0)), plus(of.filter((_, i) => i % 2 === 1))] as const;
    const sample = {
      stage: '25%',
      t: poll * STEP,
      baseline: plus(baseline),
      canary: plus(canary),
      halves: halved(baseline),
      canaryHalves: halved(canary),
      instances: { baseline: BASELINE, canary: service.canary },
    };
    const context = { stageIndex: 0, brief: true, dispersion: service.known ? { errors: KNOWN } : {} };
    evidence = observe(evidence, plan, reading(sample), context);
    if (!['soft', 'hard'].includes(assess(evidence, plan, context).verdict)) continue;
    const inquiry = inquiryOf(evidence, plan, { stageIndex: 0, metric: 'errors' });
    if (inquiry === null) return null;
    const used = Math.round((inquiry.to - inquiry.from) / STEP);
    const values = windows.map((own, i) => ({
      value: i < BASELINE ? `b${i}` : `c${i - BASELINE}`,
      windows: own.slice(-used),
    }));
    const times = Array.from({ length: used }, (_, i) => inquiry.to - i * STEP);
    const { from, to } = inquiry;
    const dimensions = [{ label: 'instance', values }];
    return { inquiry, breakdown: { from, to, used, rejected: 0, times, dimensions, queries: [] } };
  }
  return null;
}

/** What is said of the instances at the stop, in each of forty rollouts that were stopped. */
function toldOf(service: Service, noise: (inquiry: Inquiry) => number): Explanation['instances'][] {
  return Array.from({ length: 40 }, (_, seed) => stopOf(seed, service)).flatMap((stop) => {
    if (stop === null) return [];
    const { inquiry, breakdown } = stop;
    const search = { ...inquiry, metric: errors, replicas: 'instance', timezone: 'UTC', poll: STEP };
    return [drilldown(breakdown, { ...search, baselineG: noise(inquiry) }).instances];
  });
}

const named = (told: readonly Explanation['instances'][]) =>
  told.filter((one) => one.kind === 'instances' && one.names.join() === 'c0').length;

describe('one of two instances that is bad', () => {
  const service: Service = { canary: 2, bad: 1, extra: 0.02, onset: 120, noisier: 1, known: true };

  test('is named when the rollout is stopped, and is no noise that it could hide in', () => {
    const told = toldOf(service, ({ baselineG = Number.NaN }) => baselineG);
    expect(told.length).toBe(40);
    expect(named(told)).toBeGreaterThanOrEqual(30);
    // By what the canary's own halves differ by it is not: it is the half that differs.
    expect(named(toldOf(service, ({ G }) => G))).toBeLessThanOrEqual(5);
  });

  test('is not made of a version that is bad, where each instance of it is twice as noisy', () => {
    const told = toldOf(
      { ...service, canary: 4, bad: 4, onset: 0, noisier: 2, known: false },
      ({ baselineG = Number.NaN }) => baselineG,
    );
    expect(told.length).toBeGreaterThanOrEqual(36);
    expect(told.filter(({ kind }) => kind === 'instances').length).toBeLessThanOrEqual(2);
    expect(told.filter(({ kind }) => kind === 'version').length).toBeGreaterThanOrEqual(30);
  });
});
