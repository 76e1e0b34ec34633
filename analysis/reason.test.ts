import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { latencyBuckets, planOf, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const TURNS = 80;

/** Of the stages of a plan, so many polls of each, until one of them stops. */
function stopOf(
  plan: Plan,
  polls: readonly number[],
  poll: (t: number, turned: boolean) => Sample,
): Assessment {
  let evidence = openEvidence(plan);
  let t = 0;
  for (const [stageIndex, count] of polls.entries()) {
    evidence = enterStage(evidence, plan, stageIndex);
    for (let i = 0; i < count; i += 1) {
      t += STEP;
      evidence = observe(evidence, plan, reading(poll(t, t > TURNS * STEP)), { stageIndex });
      const found = assess(evidence, plan, { stageIndex });
      if (found.verdict === 'hard' || found.verdict === 'soft') return found;
    }
  }
  throw new Error('nothing has stopped');
}

const share = (percent: number) => ({ name: `${percent}%`, percent, bake: '30m' });

function errors(percent: number, rate: number): (t: number, turned: boolean) => Sample {
  const cohort = (requests: number, events: number) => ({
    requests,
    ratios: { errors: { events, total: requests } },
    histograms: {},
  });
  const canary = 30 * percent;
  return (t, turned) => ({
    stage: `${percent}%`,
    t,
    baseline: cohort(3000 - canary, 30 - Math.round(0.3 * percent)),
    canary: cohort(canary, Math.round(canary * (turned ? rate : 0.01))),
  });
}

describe('the sentence of a stop', () => {
  const plan = planOf({
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 'n', soft: '+0.5pp', hard: '+2pp' }],
    stages: [share(10)],
  });

  test('has the difference of the time that speaks, where the canary was good for most of the stage', () => {
    const { reason, verdict, t, metrics } = stopOf(plan, [120], errors(10, 0.1));
    expect(verdict).toBe('hard');
    const found =
      /^errors: canary ([\d.]+) % against 1 % over the stage; \+([\d.]+) pp in the last (\d+) s, beyond the hard margin of \+2 pp$/.exec(
        reason,
      );
    const [, canary, difference, seconds] = (found ?? []).map(Number);
    // What stands over the stage would be no reason for a hard stop, and what was seen since it turned is.
    expect(canary).toBeLessThan(3);
    expect(difference).toBeCloseTo(100 * (metrics[0]?.estimate ?? 0), 0);
    expect(difference).toBeGreaterThan(5);
    expect(seconds).toBeLessThanOrEqual(t - TURNS * STEP + 2 * STEP);
  });

  test('has one difference where the stage says the same', () => {
    const always = errors(10, 0.1);
    const { reason } = stopOf(plan, [120], (t) => always(t, true));
    expect(reason).toMatch(
      /^errors: canary 10 % against 1 %, \+9 pp( \(at least \+[\d.]+ pp\))? beyond the hard/,
    );
  });

  const slow = planOf({
    metrics: [{ name: 'p95', kind: 'latency', histogram: 'h', quantile: 0.95, soft: '+20%', hard: '+50%' }],
    stages: [share(10)],
  });
  const random = randomOf(5);
  const cohort = (requests: number, mean: number) => ({
    requests,
    ratios: {},
    histograms: { p95: latencyBuckets(random, { requests, mean }) },
  });

  test('of a latency says which time its share of slow requests is of, as its quantiles are no shares', () => {
    const { reason } = stopOf(slow, [140], (t, turned) => ({
      stage: '10%',
      t,
      baseline: cohort(2700, 0.1),
      canary: cohort(300, turned ? 0.25 : 0.1),
    }));
    expect(reason).toMatch(
      /^p95: canary p95 \d+ ms against \d+ ms over the stage; \+[\d.]+ pp of requests above \d+ ms in the last [\dmins ]+, beyond the hard margin of \+50 % \(\+[\d.]+ pp\)$/,
    );
  });

  test('does not take the last bucket edge for the time of what lies beyond it', () => {
    const { reason } = stopOf(slow, [140], (t) => ({
      stage: '10%',
      t,
      baseline: cohort(2700, 0.1),
      canary: cohort(300, 30),
    }));
    expect(reason).toMatch(/^p95: canary p95 over 2\.5 s against \d{3} ms, /);
  });
});

describe('the reason of a pass', () => {
  const PASSED = 'the bake time is over and nothing speaks against the canary';
  const OPEN = '; not excluded by what was seen: a difference beyond the margin of ';
  const stage = { name: '50%', percent: 50, bake: '30m', minRequests: 0 };

  function passOf(plan: Plan, poll: (index: number) => Sample, polls = 120): string {
    let evidence = openEvidence(plan);
    for (let i = 0; i < polls; i += 1)
      evidence = observe(evidence, plan, reading(poll(i)), { stageIndex: 0 });
    const { verdict, reason } = assess(evidence, plan, { stageIndex: 0 });
    expect(verdict).toBe('pass');
    return reason;
  }

  test('says of which metric too little was seen, and is silent where it was enough', () => {
    const plan = planOf({
      metrics: [
        { name: 'errors', kind: 'ratio', bad: 'b', total: 'n', soft: '+0.5pp', hard: '+2pp' },
        { name: 'orders', kind: 'ratio', good: 'g', total: 'v', soft: '-1pp' },
      ],
      stages: [stage],
    });
    const cohort = (requests: number, visits: number) => ({
      requests,
      ratios: {
        errors: { events: Math.round(requests / 100), total: requests },
        orders: { events: Math.round(visits / 10), total: visits },
      },
      histograms: {},
    });
    const of = (requests: number, visits: number) => (index: number) => {
      const half = cohort(requests / 2, visits / 2);
      const whole = cohort(requests, visits);
      const t = (index + 1) * STEP;
      return { stage: '50%', t, baseline: whole, canary: whole, halves: [half, half] as const };
    };
    expect(passOf(plan, of(3000, 3000))).toBe(PASSED);
    expect(passOf(plan, of(3000, 20))).toBe(`${PASSED}${OPEN}orders`);
  });

  test('of a mean that one enormous value has blinded says so, though it has lost half', () => {
    const plan = planOf({
      metrics: [{ name: 'revenue', kind: 'mean', sum: 's', count: 'c', soft: '-5%', hard: '-20%' }],
      stages: [stage],
    });
    const random = randomOf(7);
    const poll =
      (lost: number, enormous: number) =>
      (index: number): Sample => {
        const cohort = (mean: number, count = 100) => ({
          requests: count,
          ratios: {},
          histograms: {},
          means: { revenue: { sum: count * mean * (0.95 + 0.1 * random()), count } },
        });
        const halves = [cohort(50, 50), cohort(50, 50)] as const;
        const [first, second] = halves;
        first.means.revenue.sum += index === 3 ? enormous : 0;
        const baseline = cohort(50);
        baseline.means.revenue.sum = first.means.revenue.sum + second.means.revenue.sum;
        return { stage: '50%', t: (index + 1) * STEP, baseline, canary: cohort(50 * (1 - lost)), halves };
      };
    expect(passOf(plan, poll(0, 0))).toBe(PASSED);
    expect(passOf(plan, poll(0.5, 1e9))).toBe(`${PASSED}${OPEN}revenue`);
  });
});
