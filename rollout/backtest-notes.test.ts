import { describe, expect, it } from 'vitest';
import { errorsPoll, planOf, randomOf } from '../analysis/traffic.fixture.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { Backtest } from './backtest.ts';
import type { BacktestOutcome } from './backtest-outcome.ts';
import { backtestNotes } from './reporting/backtest-words.ts';

/** Two stages of an hour. `worse`: what the canary's rate is more, by the number of the poll. */
function polls(worse: (index: number) => number = () => 0): Sample[] {
  const random = randomOf(3);
  return [5, 50].flatMap((percent, stage) =>
    Array.from({ length: 240 }, (_, i) =>
      errorsPoll(random, {
        stage: `${percent}%`,
        t: (stage * 240 + i + 1) * 15,
        requests: 3000,
        share: percent / 100,
        baseline: 0.005,
        canary: 0.005 + worse(stage * 240 + i),
      }),
    ),
  );
}

const STAGES = [5, 50].map((percent) => ({ name: `${percent}%`, percent, bake: '1h', minRequests: 100 }));
const plan = planOf({ stages: STAGES });

function outcome(samples: readonly Sample[], of: Plan = plan): BacktestOutcome {
  const one = new Backtest(of, 'r1');
  for (const sample of samples) one.addSample(sample);
  return one.finish();
}

describe('a recorded rollout with data missing', () => {
  it('of an hour is paused once the plan says so, until they are back', () => {
    const gone = polls().map((sample) => (sample.t > 900 ? { ...sample, t: sample.t + 3600 } : sample));
    const found = outcome(gone);
    expect(found).toMatchObject({
      outcome: 'completed',
      held: [],
      noData: [{ stage: '5%', t: 1500, until: 4515, reason: expect.stringContaining('for 10 min') }],
    });
    expect(backtestNotes(found)).toEqual([
      'would have been paused in 5% from 25 min to 1 h 15 min (no usable data for 10 min: the metric source does not answer (the trace has a gap))',
    ]);
  });

  it('of a metric for good is paused until the trace leaves the stage, which is said once', () => {
    const of = planOf({
      stages: STAGES,
      metrics: ['errors', 'slow'].map((name) => ({
        name,
        kind: 'ratio',
        bad: 'b',
        total: 't',
        soft: '+1pp',
      })),
    });
    const found = outcome(polls(), of);
    expect(found.noData).toMatchObject([
      { stage: '5%', until: null },
      { stage: '50%', until: null },
    ]);
    expect(backtestNotes(found)).toEqual([
      'would have held longer in 5%, 50% (no usable data: the samples lack slow)',
    ]);
  });

  it('of a few windows is not paused', () => {
    const found = outcome(polls().filter(({ t }) => t <= 900 || t > 1200));
    expect(found).toMatchObject({ outcome: 'completed', held: [] });
    expect(found).not.toHaveProperty('noData');
  });
});

describe('a recorded soft stop', () => {
  const lenient = planOf({
    stages: STAGES,
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp', hard: '+5pp' }],
  });

  it('that gets worse while the rollout waits says when it would have been rolled back', () => {
    const found = outcome(
      polls((i) => (i < 240 ? 0 : i < 300 ? 0.01 : 0.3)),
      lenient,
    );
    expect(found).toMatchObject({ outcome: 'paused', stage: '50%', severity: 'soft' });
    expect(found.t).toBeLessThan(300 * 15);
    expect(found.worsened?.t).toBeGreaterThan(300 * 15);
    expect(found.worsened?.t).toBeLessThanOrEqual(305 * 15);
    expect(found.worsened?.reason).toContain('beyond the hard margin of +5 pp');
    expect(backtestNotes(found)[0]).toMatch(
      /^a hard stop \d+ min .*later, unless somebody had answered: errors: /,
    );
  });

  it('that does not says nothing, nor one whose stage the trace has left by then', () => {
    const mild = outcome(
      polls((i) => (i < 240 ? 0 : 0.01)),
      lenient,
    );
    expect(mild).toMatchObject({ outcome: 'paused', severity: 'soft' });
    expect(mild).not.toHaveProperty('worsened');
    const left = outcome(
      polls((i) => (i < 240 ? 0.01 : 0.3)),
      lenient,
    );
    expect(left).toMatchObject({ outcome: 'paused', stage: '5%' });
    expect(left).not.toHaveProperty('worsened');
  });
});

it('names what a trace has no values of', () => {
  const expression = { name: 'parity', expr: 'sum(mismatches)', above: 0 };
  expect(outcome(polls(), planOf({ stages: STAGES, limits: [expression] })).unjudged).toEqual(['parity']);
  const dark = { name: 'dark', dark: { percent: 10, parity: '1%' }, bake: '1h' };
  expect(outcome(polls(), planOf({ stages: [dark, ...STAGES] })).unjudged).toEqual(['parity of dark']);
  expect(outcome(polls())).not.toHaveProperty('unjudged');
});
