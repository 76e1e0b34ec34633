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

  test('of a latency says which time its share of slow requests is of, as its quantiles are no shares', () => {
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
});

describe('the reason of a stop by a latency', () => {
  const plan = planOf({
    metrics: [{ name: 'p95', kind: 'latency', histogram: 'h', quantile: 0.95, soft: '+20%', hard: '+50%' }],
    stages: [share(10)],
  });
  const random = randomOf(5);
  const cohort = (requests: number, mean: number) => ({
    requests,
    ratios: {},
    histograms: { p95: latencyBuckets(random, { requests, mean }) },
  });

  test('does not take the last bucket edge for the time of what lies beyond it', () => {
    const { reason } = stopOf(plan, [140], (t) => ({
      stage: '10%',
      t,
      baseline: cohort(2700, 0.1),
      canary: cohort(300, 30),
    }));
    expect(reason).toMatch(/^p95: canary p95 over 2\.5 s against \d{3} ms, /);
  });
});
