import { describe, expect, it } from 'vitest';
import type { Origin } from '../plans/origin.ts';
import type { Plan } from '../plans/plan.ts';
import { amendRefusal } from './amend.ts';
import { type Earlier, retryRefusal } from './retry.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

/** Rolled back in 5%, and seen to be back. */
function earlier(more: Partial<Earlier> = {}, view: Partial<Earlier['view']> = {}): Earlier {
  return {
    view: { id: 'pricing-1', phase: 'rolled-back', stage: '5%', stop: null, ...view },
    plan: planOf(),
    journal: [{ transition: 'rolled-back' }, { transition: 'rollback-verified' }],
    latest: 'pricing-1',
    ...more,
  };
}

function changed(change: (plan: Plan) => void): Plan {
  const plan = planOf();
  change(plan);
  return plan;
}

function retryAt(stage: string): World {
  const origin: Origin = {
    kind: 'retry',
    of: 'pricing-1',
    stage,
    cause: 'hard stop by the gate: errors',
    reason: 'mended',
    changes: ['stages[5%].bake: 10 → 20'],
  };
  const world = new World(planOf(), origin);
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  return world;
}

describe('a retry may begin', () => {
  it.each(['internal', '1%', '5%'])('at %s, whose gates below had passed', (stage) => {
    expect(retryRefusal(earlier(), { plan: planOf(), stage })).toBeNull();
  });

  it('at the first stage, whatever else is not known', () => {
    const unknown = earlier({ journal: [], latest: 'pricing-2' }, { stage: null, phase: 'rejected' });
    expect(retryRefusal(unknown, { plan: planOf(), stage: 'internal' })).toBeNull();
  });

  it('by an amended plan that asks somebody to approve what it loosens', () => {
    const plan = changed(({ stages: [, , third] }) => {
      if (third !== undefined) third.bake = 1;
    });
    expect(retryRefusal(earlier(), { plan, stage: '5%' })).toBeNull();
    const alone = { ...plan, approvals: {} };
    expect(retryRefusal(earlier({ plan: planOf({ approvals: {} }) }), { plan: alone, stage: '1%' })).toEqual({
      code: 'RETRY_REFUSED',
      message: 'the plan loosens stages[5%].bake, and asks nobody to approve that',
    });
  });
});

describe('a retry may not begin', () => {
  it.each<[string, Earlier, { plan?: Plan; stage?: string }, string]>([
    ['above the stage of the stop', earlier(), { stage: '100%' }, 'nothing above that is proven'],
    ['where nothing had begun', earlier({}, { stage: null }), { stage: '1%' }, 'in stage none'],
    ['while the earlier one runs', earlier({}, { phase: 'active' }), {}, 'pricing-1 is not over'],
    ['after it was completed', earlier({}, { phase: 'completed' }), {}, 'pricing-1 is completed'],
    ['at a stage that is not there', earlier(), { stage: '7%' }, 'no stage 7%'],
    ['once another one came', earlier({ latest: 'pricing-2' }), { stage: '5%' }, 'pricing-2 came after'],
    [
      'at a stage that was smaller before',
      earlier(),
      { plan: changed(({ stages: [, second] }) => void (second !== undefined && (second.percent = 4))) },
      'stage 1% is not what pricing-1 has proven',
    ],
    [
      'for another flag',
      earlier(),
      { plan: changed(({ flag }) => void (flag.key = 'other')) },
      'flag.key is not that of pricing-1',
    ],
  ])('%s', (_, before, { plan = planOf(), stage = '5%' }, message) => {
    const no = retryRefusal(before, { plan, stage });
    expect(no?.code).toBe('RETRY_REFUSED');
    expect(no?.message).toContain(message);
  });

  it('before the metrics have shown the traffic back on the old path', () => {
    const unseen = earlier({
      journal: [{ transition: 'rolled-back' }, { transition: 'rollback-unverified' }],
    });
    expect(retryRefusal(unseen, { plan: planOf(), stage: '5%' })?.code).toBe('RETRY_UNVERIFIED');
  });
});

describe('a retry', () => {
  it('goes to its stage in one step once the start and the stages below are approved', () => {
    const world = retryAt('100%');
    expect(world.pending).toEqual([]);
    world.person('approve', 'kim', ['lead']);
    expect(viewOf(world.state, world.now).blockers).toMatchObject([
      { kind: 'start-approval', roles: ['on-call'] },
    ]);
    expect(world.pending).toEqual([]);
    world.person('approve', 'lee', ['on-call']);
    world.settle();
    expect(world.state).toMatchObject({ phase: 'active', stage: 3, startedAt: world.now });
    expect(world.flag.exposure).toEqual({ percent: 100, segments: ['employees'], variant: null });
    expect(world.gate).toMatchObject({ stage: 3, memory: null });
  });

  it('is approved by one person for both where the roles are theirs', () => {
    const world = retryAt('100%');
    world.person('approve', 'kim', ['lead', 'on-call']);
    world.settle();
    expect(world.state.stage).toBe(3);
  });

  it('names what it retries and what had stopped that, in its journal, to approvers and behind the earlier journal', () => {
    const world = retryAt('5%');
    const text =
      'It retries pricing-1 from stage 5%: mended. What stopped pricing-1: hard stop by the gate: errors. ' +
      'Changed since: stages[5%].bake: 10 → 20.';
    expect(world.journal.slice(0, 2)).toMatchObject([
      { transition: 'submitted', summary: `sam submitted pricing. ${text}` },
      { transition: 'approval-needed', summary: `Waits for approval (lead) before 5%. ${text}` },
    ]);
    expect(world.commands.filter(({ kind }) => kind === 'afterword')).toEqual([
      {
        kind: 'afterword',
        request: {
          rolloutId: 'pricing-1',
          at: world.now,
          transition: 'retried',
          cause: { kind: 'person', by: 'sam', roles: ['lead'], reason: 'mended' },
          summary: 'pricing-1 retries it from stage 5%: mended.',
        },
      },
    ]);
    expect(viewOf(world.state, world.now).origin).toMatchObject({ kind: 'retry', of: 'pricing-1' });
  });

  it('steps back to the stage below, and goes on from there by its own gate', () => {
    const world = retryAt('5%');
    world.person('approve');
    world.settle();
    world.person('step-back');
    world.settle();
    expect(world.state.stage).toBe(1);
    world.person('resume');
    world.report(assessment('pass'));
    world.event({ kind: 'peers', older: [] });
    world.settle();
    expect(world.state.stage).toBe(2);
  });

  it('keeps what it begins at when it is amended before it has begun', () => {
    const { state } = retryAt('5%');
    const plan = changed(({ stages: [, , third] }) => void (third !== undefined && (third.percent = 90)));
    expect(amendRefusal(state, { plan })).toEqual({
      code: 'AMEND_REFUSED',
      message: 'stage 5% has begun and keeps its name and exposure',
    });
  });
});

describe('an end of its own', () => {
  function at(stage: number, more: object = {}): World {
    const world = new World(planOf({ approvals: {}, ...more }));
    world.event({ kind: 'begin' });
    for (let round = 0; round < 9 && world.state.stage < stage; round += 1) {
      world.event({ kind: 'peers', older: [] });
      world.settle();
      if (world.state.stage === stage) break;
      world.report(assessment('pass'));
      world.person('approve', 'kim', ['on-call']);
    }
    expect(world.state.stage).toBe(stage);
    return world;
  }

  it('is refused in between, and lowers the flag when that is asked for', () => {
    const world = at(1);
    world.person('abandon');
    expect(world.state.phase).toBe('active');
    expect(world.journal.at(-1)?.summary).toContain('(ABANDON_REFUSED)');
    const who = { by: 'kim', roles: [], reason: 'enough', accept: null, breakGlass: false };
    world.event({ kind: 'person', action: 'abandon', ...who, lower: true });
    world.settle();
    expect(world.state.phase).toBe('abandoned');
    expect(world.flag).toMatchObject({ exposure: { percent: 0, segments: [] }, owner: null });
    expect(world.journal.slice(-2)).toMatchObject([
      { transition: 'rollback-requested', cause: { kind: 'person', by: 'kim' } },
      { transition: 'abandoned' },
    ]);
  });

  it('leaves the flag at 100 % without a write, but not at a hard stop', () => {
    const world = at(3, { policy: { hard: 'pause' } });
    const { revision } = world.flag;
    world.report(assessment('hard'));
    world.person('abandon');
    expect(world.state.phase).toBe('active');
    const clean = at(3);
    clean.person('abandon');
    clean.settle();
    expect(clean.state).toMatchObject({ phase: 'abandoned', exposure: { percent: 100 } });
    expect(clean.flag).toMatchObject({ revision, owner: null });
  });

  it('before anything has begun leaves the flag alone', () => {
    const world = new World(planOf());
    world.event({ kind: 'begin' });
    world.person('abandon');
    expect(world.state.phase).toBe('abandoned');
    expect(world.pending).toEqual([]);
  });

  it('of a newer rollout of the flag takes the canary back first', () => {
    const world = at(1);
    world.person('supersede');
    world.settle();
    expect(world.state.phase).toBe('superseded');
    expect(world.flag).toMatchObject({ exposure: { percent: 0, segments: [] }, owner: null });
  });
});
