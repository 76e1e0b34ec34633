import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TraceReader, traceLine } from '../analysis/trace.ts';
import { errorsPoll, planOf, randomOf } from '../analysis/traffic.fixture.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { Backtest } from './backtest.ts';
import type { BacktestOutcome } from './backtest-outcome.ts';
import { backtestNotes } from './reporting/backtest-words.ts';
import { TraceRun } from './trace-run.ts';

const plan = planOf();

/** Four stages of an hour; `extra` errors of the canary from poll `from` of the rollout on. */
function polls(of: { seed: number; extra?: number; from?: number; perStage?: number }): Sample[] {
  const { seed, extra = 0, from = 0, perStage = 240 } = of;
  const random = randomOf(seed);
  return [1, 5, 25, 50].flatMap((percent, stage) =>
    Array.from({ length: perStage }, (_, i) => {
      const index = stage * perStage + i;
      return errorsPoll(random, {
        stage: `${percent}%`,
        t: (index + 1) * 15,
        requests: 3000,
        share: percent / 100,
        baseline: 0.005,
        canary: 0.005 + (index >= from ? extra : 0),
      });
    }),
  );
}

/** The same of a good canary, and in it a slice of so many requests in both cohorts, whose canary turns bad in the third stage. */
function oneWorse(requests: number): Sample[] {
  const random = randomOf(9);
  return polls({ seed: 4, perStage: 120 }).map((sample, i): Sample => {
    const percent = Number.parseInt(sample.stage, 10);
    const { baseline, canary } = errorsPoll(random, {
      ...sample,
      requests,
      share: percent / 100,
      baseline: 0.005,
      canary: i >= 260 ? 0.4 : 0.005,
    });
    return { ...sample, slices: { 'tier=enterprise': { baseline, canary } } };
  });
}

function plus(whole: CohortSample, part: CohortSample): CohortSample {
  const [a, b] = [whole.ratios.errors, part.ratios.errors];
  const events = (a?.events ?? 0) + (b?.events ?? 0);
  const requests = whole.requests + part.requests;
  return { ...whole, requests, ratios: { errors: { events, total: requests } } };
}

function outcome(samples: readonly Sample[], of: Plan = plan): BacktestOutcome {
  const one = new Backtest(of, 'r1');
  for (const sample of samples) one.addSample(sample);
  return one.finish();
}

describe('a recorded rollout', () => {
  it('of a good canary completes', () => {
    expect(outcome(polls({ seed: 1 }))).toMatchObject({
      rollout: 'r1',
      outcome: 'completed',
      stage: '50%',
      t: 14_400,
      metric: null,
      severity: null,
      estimate: null,
      held: [],
    });
  });

  it('that turns bad in the middle of a stage is rolled back there, with what was found', () => {
    const found = outcome(polls({ seed: 2, extra: 0.05, from: 300 }));
    expect(found).toMatchObject({ outcome: 'rolled-back', stage: '5%', metric: 'errors', severity: 'hard' });
    expect(found.t).toBeGreaterThan(300 * 15);
    expect(found.t).toBeLessThanOrEqual(300 * 15 + 120);
    expect(found.estimate).toBeCloseTo(0.05, 1);
    expect(found.lnE).toBeGreaterThanOrEqual(Math.log(100));
  });

  it('that is worse for one slice alone is rolled back, and the slice is named', () => {
    const of = planOf({ coverage: [{ slice: 'tier=enterprise', minRequests: 100 }] });
    const samples = oneWorse(90);
    const lines = samples.map((sample) => traceLine(sample, { rollout: 'r1', plan: of }));
    const reader = new TraceReader(of);
    const read = lines.flatMap((line, i) => {
      const entry = reader.read(line, i + 1);
      return entry?.kind === 'sample' ? [entry.sample] : [];
    });
    const found = outcome(read, of);
    expect(found).toMatchObject({
      outcome: 'rolled-back',
      stage: '25%',
      metric: 'errors',
      slice: 'tier=enterprise',
      severity: 'hard',
      reason: expect.stringContaining('errors{tier=enterprise}'),
    });
    expect(found.estimate).toBeCloseTo(0.4, 0);
    expect(outcome(samples)).toMatchObject({ outcome: 'completed' });
    // A trace that holds no slices cannot show that they were seen.
    expect(outcome(polls({ seed: 4, perStage: 120 }), of)).toMatchObject({
      held: ['1%', '5%', '25%', '50%'],
    });
  });

  it('that is worse for one slice which the plan takes off goes on without it, to the end', () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
    const coverage = [{ slice: 'tier=enterprise', minRequests: 100, then: 'exclude' }];
    const samples = oneWorse(300).map((sample) => {
      const part = sample.slices?.['tier=enterprise'];
      if (part === undefined) return sample;
      return {
        ...sample,
        baseline: plus(sample.baseline, part.baseline),
        canary: plus(sample.canary, part.canary),
      };
    });
    // What it has of the whole would stop that as well, were it not taken out of what comes after.
    expect(outcome(samples)).toMatchObject({ outcome: 'rolled-back', stage: '25%', metric: 'errors' });
    const found = outcome(samples, planOf({ coverage }));
    expect(found).toMatchObject({ outcome: 'completed', stage: '50%', metric: null });
    expect(found.excluded).toMatchObject([{ who: 'tier=enterprise', stage: '25%', metric: 'errors' }]);
    expect(found.excluded?.[0]?.t).toBeGreaterThan(260 * 15);
    expect(found.excluded?.[0]?.t).toBeLessThan(290 * 15);
    expect(backtestNotes(found)[0]).toMatch(/^would have excluded tier=enterprise in 25% after 1 h \d+ min/);
  });

  it('that retries a build goes on with the evidence against it, and one of another build begins anew', () => {
    const lines = (rollout: string, after?: string) =>
      polls({ seed: rollout === 'r1' ? 21 : 22, extra: 0.006, perStage: 90 })
        .slice(0, 180)
        .map((sample) => traceLine(sample, { rollout, plan, after }));
    const runOf = (text: readonly string[]) => {
      const run = new TraceRun(plan);
      text.forEach((line, i) => run.add(line, i + 1));
      return run.finish();
    };
    const both = [...lines('r1').slice(0, 120), ...lines('r2', 'r1')];
    const { faults, outcomes } = runOf(both);
    expect(faults.wrong).toBe(0);
    const [first, retried] = outcomes.map(({ outcome: one }) => one);
    expect(first?.outcome).toBe('completed');
    const [, anew] = runOf([...lines('r1').slice(0, 120), ...lines('r2')]).outcomes;
    expect(retried).toMatchObject({ outcome: 'paused', severity: 'soft', t: 1935 });
    expect(anew?.outcome).toMatchObject({ outcome: 'paused', severity: 'soft', t: 2460 });
    const wrong = runOf([...lines('r2', 'r1'), ...lines('r3', 'r3')]).faults;
    expect(wrong.problems[0]).toEqual([1, 'after: no line before this one is of r1']);
    expect(wrong.problems.length).toBeGreaterThan(1);
  });

  it('that is a little worse is paused', () => {
    const soft = planOf({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp', hard: '+5pp' }],
    });
    expect(outcome(polls({ seed: 3, extra: 0.01 }), soft)).toMatchObject({
      outcome: 'paused',
      severity: 'soft',
      metric: 'errors',
    });
  });

  it('waits for no approval, no window and no expression that it does not hold', () => {
    const bound = planOf({
      approvals: { start: { roles: ['lead'] } },
      approval: { roles: ['lead'] },
      windows: { allow: ['Mon 00:00-00:01'] },
      limits: [{ name: 'parity', expr: 'sum(x)', above: 0 }],
    });
    expect(outcome(polls({ seed: 1 }), bound)).toMatchObject({ outcome: 'completed', held: [] });
  });

  it('names the stages that the plan would not have left yet', () => {
    const slow = planOf({
      stages: [1, 5, 25, 50].map((percent) => ({
        name: `${percent}%`,
        percent,
        bake: percent === 5 ? '2h' : '1h',
      })),
    });
    expect(outcome(polls({ seed: 1 }), slow)).toMatchObject({ outcome: 'completed', held: ['5%'] });
    expect(outcome(polls({ seed: 1, perStage: 20 })).held).toEqual(['1%', '5%', '25%', '50%']);
  });

  it('holds over a gap, and pauses by nobody’s hand for one that is too long', () => {
    const gap = polls({ seed: 1 }).filter(({ t }) => t < 5_000 || t > 7_000);
    expect(outcome(gap)).toMatchObject({ outcome: 'completed' });
    const rollback = planOf({ policy: { noData: { after: '10m', then: 'rollback' } } });
    expect(outcome(gap, rollback)).toMatchObject({ outcome: 'rolled-back', t: 5_595, metric: null });
  });

  it('holds where a cohort vanishes', () => {
    const gone = polls({ seed: 1 }).map((sample) =>
      sample.t > 8_000
        ? {
            ...sample,
            canary: { requests: 0, ratios: { errors: { events: 0, total: 0 } }, histograms: {} },
          }
        : sample,
    );
    expect(outcome(gone)).toMatchObject({ outcome: 'completed', held: ['25%', '50%'] });
  });

  it('uses the time before it, and the halves', () => {
    const measured = new Backtest(plan, 'r1');
    const assumed = new Backtest(plan, 'r1');
    const random = randomOf(9);
    for (let i = 0; i < 960; i++) {
      const { baseline, canary } = errorsPoll(random, {
        stage: 'history',
        t: 0,
        requests: 3000,
        share: 0.5,
        baseline: 0.005,
        canary: 0.005,
      });
      measured.addHistory({ stage: 'history', t: (i - 961) * 15, baseline, halves: [baseline, canary] });
    }
    for (const sample of polls({ seed: 4, extra: 0.003, from: 480 })) {
      measured.addSample(sample);
      assumed.addSample(sample);
    }
    const [sooner, later] = [measured.finish(), assumed.finish()];
    expect(sooner.outcome).not.toBe('completed');
    expect(sooner.t).toBeLessThan(later.t);
  });

  it('that went back a stage is followed', () => {
    const samples = polls({ seed: 1 });
    const back = samples.map((sample) =>
      sample.stage === '25%' && sample.t > 9_000 ? { ...sample, stage: '5%' } : sample,
    );
    expect(outcome(back)).toMatchObject({ stage: '50%' });
  });
});

const count = fc.oneof(fc.nat(5000), fc.constantFrom(0, 1, 1e9));
const cohort = fc.tuple(count, count).map(([a, b]) => ({ requests: Math.max(a, b), errors: Math.min(a, b) }));
const line = fc.record({
  rollout: fc.constantFrom('r1', 'r2'),
  stage: fc.constantFrom('history', '1%', '5%', '25%', '50%', '7%'),
  t: fc.oneof(fc.integer({ min: -100, max: 40_000 }), fc.double({ noNaN: true })),
  baseline: cohort,
  canary: fc.option(cohort, { nil: undefined }),
});

describe('any trace', () => {
  it('is judged or refused, and never breaks the analyzer', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            line.map((of) => JSON.stringify(of)),
            fc.string(),
          ),
          { maxLength: 40 },
        ),
        (lines) => {
          const run = new TraceRun(plan);
          lines.forEach((text, i) => run.add(text, i + 1));
          const { outcomes, faults } = run.finish();
          for (const { outcome: one } of outcomes) {
            const { outcome: found, held, t, lnE } = one;
            expect(['completed', 'paused', 'rolled-back']).toContain(found);
            expect(Number.isFinite(t) && Number.isFinite(lnE)).toBe(true);
            // No stage of an hour is filled before an hour has passed.
            if (found === 'completed' && t < 3000 && faults.wrong === 0)
              expect(held.length).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is read back as it was written by a live rollout', () => {
    const samples = polls({ seed: 2, extra: 0.05, from: 300 });
    const reader = new TraceReader(plan);
    const read = samples.map((sample, i) => reader.read(traceLine(sample, { rollout: 'r1', plan }), i + 1));
    expect(reader.faults()).toEqual({ rollouts: 1, wrong: 0, problems: [] });
    expect(outcome(read.flatMap((entry) => (entry?.kind === 'sample' ? [entry.sample] : [])))).toEqual(
      outcome(samples),
    );
  });
});
