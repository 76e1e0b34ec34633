import { describe, expect, test } from 'vitest';
import type { Sample } from '../plans/sample.ts';
import { measureDispersion } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { many, STAGES, samples, single } from './instances.fixture.ts';
import type { PollCounts } from './kernel.ts';
import type { GateContext } from './stage.ts';
import { planOf, reading } from './traffic.fixture.ts';

const AT: GateContext = { stageIndex: 0, brief: true };
const MEASURED: GateContext = {
  ...AT,
  dispersion: { errors: [0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002] },
};

interface End {
  /** The poll in which it stops, and that in which it is a rollback; null: never. */
  stop: number | null;
  rollback: number | null;
  /** Why it stops. */
  reason: string;
}

/** By a plan that rolls back at a soft stop too. */
function endOf(
  all: readonly Sample[],
  { policy = { soft: 'rollback' }, context = MEASURED }: { policy?: object; context?: GateContext } = {},
): End {
  const plan = planOf({ stages: STAGES, policy });
  let evidence = openEvidence(plan);
  const end: End = { stop: null, rollback: null, reason: '' };
  for (const [i, sample] of all.entries()) {
    evidence = observe(evidence, plan, reading(sample), context);
    const { verdict, withheld, reason, metrics } = assess(evidence, plan, context);
    if (verdict !== 'soft' && verdict !== 'hard') continue;
    if (end.stop === null) Object.assign(end, { stop: i, reason });
    if (withheld === undefined) return { ...end, rollback: i };
    expect([verdict, metrics[0]?.verdict]).toEqual(['soft', 'soft']);
  }
  return end;
}

/** Polls between the two; null: one of them never came. */
function heldFor({ stop, rollback }: End): number | null {
  return stop === null || rollback === null ? null : rollback - stop;
}

const worse = (seed: number, extra = 0.007) =>
  samples({ seed, noise: 0.1, extra: [extra, extra], from: 120 });
const halvesOf = ({ halves }: Sample): PollCounts => {
  const [one, two] = halves?.map(({ ratios }) => ratios['errors']) ?? [];
  return {
    canaryEvents: one?.events ?? 0,
    canaryTotal: one?.total ?? 0,
    baselineEvents: two?.events ?? 0,
    baselineTotal: two?.total ?? 0,
  };
};
const unknown = ({ instances: _instances, ...others }: Sample): Sample => others;

describe('a stop by a canary of one instance', () => {
  test('pauses in the poll in which it would have been a rollback, says why, and is one once it stands for one twice as noisy', () => {
    const ends = many(20, (seed) => endOf(worse(800 + seed).map(single)));
    expect(ends.map(({ rollback }) => rollback)).not.toContain(null);
    const held = ends.filter((end) => (heldFor(end) ?? 0) > 0);
    expect(held.length).toBeGreaterThanOrEqual(12);
    for (const { reason } of held)
      expect(reason).toMatch(
        /; not rolled back by itself yet, as one canary instance twice as noisy as the baseline's could look like this$/,
      );
    const before = many(20, (seed) =>
      endOf(worse(800 + seed).map(single), { policy: { soft: 'pause', hard: 'pause' } }),
    );
    expect(ends.map(({ stop }) => stop)).toEqual(before.map(({ stop }) => stop));
  });

  test('is a rollback within a poll where the canary is far worse', () => {
    for (const end of many(10, (seed) => endOf(worse(820 + seed, 0.1).map(single))))
      expect(heldFor(end)).toBeLessThanOrEqual(1);
  });

  test('is not held back where the plan only pauses', () => {
    for (const policy of [{ soft: 'pause', hard: 'pause' }, { soft: 'pause' }])
      for (const { reason } of many(5, (seed) => endOf(worse(830 + seed, 0.003).map(single), { policy })))
        expect(reason).not.toContain('yet');
  });

  test('is held back where the plan steps back', () => {
    const policy = { soft: 'step-back', hard: 'pause' };
    const reasons = many(10, (seed) => endOf(worse(840 + seed, 0.003).map(single), { policy }).reason);
    expect(reasons.join()).toContain('; not stepped back by itself yet');
  });
});

describe('a stop is a rollback at once', () => {
  test('mostly, where two instances are measured', () => {
    const held = many(20, (seed) => heldFor(endOf(worse(850 + seed))) ?? 99);
    expect(held.filter((polls) => polls <= 1).length).toBeGreaterThanOrEqual(12);
    const alone = many(20, (seed) => heldFor(endOf(worse(850 + seed).map(single))) ?? 99);
    const sum = (polls: number[]) => polls.reduce((all, one) => all + one, 0);
    expect(sum(held)).toBeLessThan(0.7 * sum(alone));
  });

  test('where no instances are told: nothing is known of them, and the warning says so', () => {
    for (const end of many(10, (seed) =>
      endOf(
        worse(870 + seed)
          .map(single)
          .map(unknown),
      ),
    ))
      expect(heldFor(end)).toBe(0);
  });
});

describe('a canary of one instance that is twice as noisy as each of the ten of the baseline', () => {
  test('is not rolled back for it, where some are paused', { timeout: 60_000 }, () => {
    const noisy = { noise: 0.8 * Math.SQRT2, lasting: 0.8, baseline: { noise: 0.4, lasting: 0.8 } };
    const dispersion = measureDispersion(samples({ ...noisy, seed: 899, polls: 1920 }).map(halvesOf));
    const context = { ...AT, dispersion: { errors: dispersion ?? [] } };
    const ends = many(60, (seed) => endOf(samples({ ...noisy, seed: 900 + seed }).map(single), { context }));
    expect(ends.filter(({ stop }) => stop !== null).length).toBeGreaterThanOrEqual(5);
    expect(ends.filter(({ rollback }) => rollback !== null).length).toBeLessThanOrEqual(1);
  });
});
