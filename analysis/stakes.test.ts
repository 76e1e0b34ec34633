import { describe, expect, test } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import type { Evidence } from './evidence.ts';
import { accept } from './evidence.ts';
import { expectedStake } from './expected-stake.ts';
import { assess, observe, openEvidence } from './gate.ts';
import type { Profile } from './profile.ts';
import { restoreEvidence } from './restored-evidence.ts';
import { stageFrame } from './stage.ts';
import { stakesOf } from './stakes.ts';
import { planOf, reading } from './traffic.fixture.ts';

const REQUESTS = 3000;
const RATE = 0.005;
const plan = planOf();
/** As plans were stored before they had the word. */
const { stageWeights: _, ...analysis } = plan.analysis;
const old = { ...plan, analysis } as Plan;

/** Polls that all bring what is expected of them; `more`: of the canary's requests. */
function polls(evidence: Evidence, of: Plan, at: { stage: number; count: number; more?: number }): Evidence {
  const share = (of.stages[at.stage]?.percent ?? 0) / 100;
  const cohort = (requests: number, rate: number) => ({
    requests,
    ratios: { errors: { events: requests * rate, total: requests } },
    histograms: {},
  });
  let now = evidence;
  for (let i = 0; i < at.count; i++) {
    const sample = {
      stage: of.stages[at.stage]?.name ?? '',
      t: (now.t ?? 0) + 15,
      baseline: cohort(REQUESTS * (1 - share), RATE),
      canary: cohort(REQUESTS * share, RATE + (at.more ?? 0)),
    };
    now = observe(now, of, reading(sample), { stageIndex: at.stage });
  }
  return now;
}

const processOf = (evidence: Evidence) => {
  const process = evidence.metrics['errors']?.process;
  if (process === undefined) throw new Error('the plan has errors');
  return process;
};

describe('what a stage begins with', () => {
  test('is more where the canary is small, and all that is left at last', () => {
    const stakes = plan.stages.map((__, index) => stakesOf(plan, index).stakes.carried);
    expect(stakes.map(({ share }) => share.toFixed(3))).toEqual(['0.472', '0.478', '0.529', '1.000']);
    expect(stakes.map(({ start }) => start.toFixed(3))).toEqual(['0.731', '0.664', '0.516', '0.500']);
    // Whatever came back from those before: at least its part of all, and the marks of the first stage what they had by even shares.
    let left = 1;
    const least = stakes.map(({ share }) => {
      const own = left * share;
      left -= own;
      return own;
    });
    expect(least.reduce((sum, own) => sum + own, 0)).toBeCloseTo(1, 12);
    expect(Math.min(...least)).toBeGreaterThan(0.12);
    expect((least[0] ?? 0) * (1 - (stakes[0]?.start ?? 1))).toBeGreaterThan(0.124);
  });

  test('leans to a small canary the less the longer the stages are, and not at all in stages of a day', () => {
    const lasting = (bake: string) =>
      planOf({ stages: [1, 5, 25, 50].map((percent) => ({ name: `${percent}%`, percent, bake })) });
    const stakes = (bake: string) => {
      const of = lasting(bake);
      return of.stages.map((__, index) => stakesOf(of, index).stakes.carried);
    };
    expect(stakes('20m')).toEqual(stakes('1h'));
    expect(stakes('7d')).toEqual(stakes('1d'));
    expect(stakes('1d').map(({ share }) => share)).toEqual([1 / 4, 1 / 3, 1 / 2, 1]);
    expect(stakes('1d').map(({ start }) => start)).toEqual([0.5, 0.5, 0.5, 0.5]);
    const first = ['1h', '2h', '6h', '1d'].map((bake) => stakes(bake)[0]?.share ?? 0);
    expect(first).toEqual(first.toSorted((a, b) => b - a));
  });

  test('of long stages that leave nothing is what even shares give, so that nothing late is found later', () => {
    const week = planOf({
      stages: [1, 5, 25, 50].map((percent) => ({ name: `${percent}%`, percent, bake: '1d' })),
    });
    let evidence = openEvidence(week);
    week.stages.forEach((__, stage) => {
      evidence = polls(evidence, week, { stage, count: 240 });
      const { stakes } = processOf(evidence);
      expect(stakes[week.stages[stage]?.name ?? '']).toBeGreaterThanOrEqual(1 / 4);
    });
  });

  test('is all of it in a plan of one stage, and where only one is compared', () => {
    const one = (percent: number) => ({ name: `${percent}%`, percent, bake: '1h' });
    const internal = { name: 'internal', audience: { segments: ['staff'] }, bake: '1h' };
    expect(stakesOf(planOf({ stages: [one(5)] }), 0).stakes.carried.share).toBe(1);
    expect(stakesOf(planOf({ stages: [one(5), one(100)] }), 0).stakes.carried.share).toBe(1);
    expect(stakesOf(planOf({ stages: [internal, one(5), one(100)] }), 1).stakes.carried.share).toBe(1);
  });

  test('is the same for every stage where the plan says so, or is older than the word', () => {
    const even = { rule: 'even', stakes: { even: { share: 1 / 4, start: 0.5 } } };
    expect(stakesOf(planOf({ analysis: { stageWeights: 'even' } }), 2)).toMatchObject(even);
    expect(stakesOf(old, 0)).toMatchObject(even);
  });

  test('of stages that an amendment adds is a part of what is left', () => {
    let evidence = polls(openEvidence(plan), plan, { stage: 0, count: 80 });
    const stages = [1, 2, 3, 4, 5, 10, 20, 30, 40, 50].map((percent) => ({
      name: `${percent}%`,
      percent,
      bake: '20m',
    }));
    const longer = planOf({ stages });
    for (let stage = 1; stage < 10; stage++) evidence = polls(evidence, longer, { stage, count: 80 });
    const { purse, live, stakes } = processOf(evidence);
    expect(Object.keys(stakes)).toHaveLength(10);
    expect(purse).toBeGreaterThan(0);
    expect(live.reduce((sum, { w }) => sum + w, purse)).toBeLessThanOrEqual(1 + 1e-12);
  });
});

test('what a plan is told to expect of a stage is what a healthy rollout brings to it', () => {
  const count = { events: 5760 * REQUESTS * RATE, total: 5760 * REQUESTS };
  const profile: Profile = {
    polls: 5760,
    learnt: { dispersion: {}, edges: {} },
    metrics: { errors: { kind: 'ratio', trials: REQUESTS, count } },
    slices: {},
  };
  const [metric] = plan.metrics;
  if (metric === undefined) throw new Error('the plan has a metric');
  let evidence = openEvidence(plan);
  plan.stages.forEach((__, stage) => {
    evidence = polls(evidence, plan, { stage, count: 240 });
    const { share: expected } = expectedStake(metric, {
      plan,
      frame: stageFrame(plan, stage),
      profile,
      trials: REQUESTS,
    });
    // Marks go on across a stage's end where they have won; here none has.
    expect(expected / (processOf(evidence).stakes[plan.stages[stage]?.name ?? ''] ?? 0)).toBeCloseTo(1, 2);
  });
});

/** As versions wrote it that went by a stage's index. */
function byIndex(named: Readonly<Record<string, number>>): Record<number, number> {
  return Object.fromEntries(
    Object.entries(named).map(([name, of]) => [plan.stages.findIndex((stage) => stage.name === name), of]),
  );
}

describe('a rollout that runs while the product is renewed', () => {
  /** As the version before wrote it. */
  const written = (evidence: Evidence) => {
    const [name, known] = Object.entries(evidence.metrics)[0] ?? ['', undefined];
    const { purse, stakes: __, rule: ___, ...process } = processOf(evidence);
    const stages = byIndex(process.stages);
    const metrics = { [name]: { ...known, process: { ...process, stages, started: 1 - purse } } };
    const stage = plan.stages.findIndex((one) => one.name === evidence.stage);
    return JSON.parse(JSON.stringify({ ...evidence, version: 4, stage, metrics }));
  };

  test('goes on with the weights that it has, also after a difference was accepted', () => {
    for (const next of [old, plan]) {
      const begun = polls(openEvidence(old), old, { stage: 0, count: 100, more: 0.001 });
      const restored = restoreEvidence(written(begun), old);
      if (restored === null) throw new Error('it was restored');
      expect(restored).toMatchObject({ version: 7, stage: '1%' });
      const later = (from: Evidence, of: Plan) => {
        const second = polls(polls(from, of, { stage: 0, count: 60 }), of, {
          stage: 1,
          count: 90,
          more: 0.002,
        });
        const third = polls(accept(second, 'errors', 0.003), of, { stage: 2, count: 90, more: 0.004 });
        return [second, third].map((one, stage) => assess(one, of, { stageIndex: stage + 1 }).lnE);
      };
      later(begun, old).forEach((lnE, i) => expect(later(restored, next)[i]).toBeCloseTo(lnE, 10));
      expect(processOf(polls(restored, next, { stage: 1, count: 1 })).live.at(-1)?.w).toBe(0.125);
    }
  });

  test('of this version goes on as it would have', () => {
    const begun = polls(openEvidence(plan), plan, { stage: 0, count: 240 });
    const restored = restoreEvidence(JSON.parse(JSON.stringify(begun)), plan);
    expect(polls(restored ?? openEvidence(plan), plan, { stage: 1, count: 50 })).toEqual(
      polls(begun, plan, { stage: 1, count: 50 }),
    );
  });

  test('of the versions before, which went by the index of a stage, goes on as it would have', () => {
    const begun = polls(polls(openEvidence(plan), plan, { stage: 0, count: 100 }), plan, {
      stage: 1,
      count: 50,
    });
    const known = processOf(begun);
    const process = { ...known, stages: byIndex(known.stages), stakes: byIndex(known.stakes) };
    const metrics = { errors: { ...begun.metrics['errors'], process } };
    const five = JSON.parse(JSON.stringify({ ...begun, version: 5, stage: 1, metrics }));
    expect(restoreEvidence(five, plan)).toEqual(begun);
    const six = JSON.parse(JSON.stringify({ ...begun, version: 6, stage: 1 }));
    expect(restoreEvidence(six, plan)).toEqual(begun);
    expect(restoreEvidence({ ...six, stage: -1 }, plan)?.stage).toBeNull();
  });
});

describe('an amendment after a step back', () => {
  const inserted = planOf({
    stages: [1, 3, 5, 25].map((percent) => ({ name: `${percent}%`, percent, bake: '1h' })),
  });

  test('that puts a stage in the place of another gives it a ruler and a stake of its own, and leaves the other its', () => {
    const before = polls(polls(openEvidence(plan), plan, { stage: 0, count: 100 }), plan, {
      stage: 1,
      count: 50,
    });
    const back = polls(before, plan, { stage: 0, count: 10 });
    const between = polls(back, inserted, { stage: 1, count: 20 });
    expect(processOf(between).stages).toEqual({ '1%': 110, '5%': 50, '3%': 20 });
    expect(Object.keys(processOf(between).stakes)).toEqual(['1%', '5%', '3%']);
    const { start, w } = processOf(between).live.findLast(({ life }) => life === null) ?? { start: 0, w: 0 };
    expect([start, w > 0]).toEqual([160, true]);
    const after = polls(between, inserted, { stage: 2, count: 5 });
    expect(processOf(after).stages).toEqual({ '1%': 110, '5%': 55, '3%': 20 });
  });
});
