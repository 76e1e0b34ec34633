import { describe, expect, it } from 'vitest';
import { openEvidence } from '../analysis/gate.ts';
import { restoreEvidence } from '../analysis/restored-evidence.ts';
import type { MetricAssessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { amendRefusal, planChanges } from './amend.ts';
import type { Command } from './command.ts';
import type { GateReport, PersonAction, PersonEvent } from './event.ts';
import { refusal } from './refusals.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const errors: MetricAssessment = {
  metric: 'errors',
  verdict: 'soft',
  lnE: 5,
  estimate: 0.002,
  standardError: 0.0005,
  baseline: 0.005,
  canary: 0.007,
  baselineRequests: 9500,
  canaryRequests: 500,
  soft: 0.001,
  hard: 0.005,
  interval: [0.0011, 0.0034],
  proven: null,
};

it('an accepted difference stands in the journal by its metric, so that a report can judge by it', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  world.report(assessment('soft', { metric: 'errors', metrics: [errors] }));
  world.person('approve');
  expect(world.journal.at(-1)).toMatchObject({ transition: 'accepted', accepted: { errors: 0.0034 } });
});

it('an amended plan is kept with who, why and the windows that it judges', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  const began = world.state.startedAt ?? 0;
  const amend = (bake: string, by: string): Command[] => {
    const stages = planOf().stages.map((stage, i) => (i === 0 ? { ...stage, bake: Number(bake) } : stage));
    const plan = { ...world.state.plan, stages };
    return world.event({ kind: 'amend', plan, text: `bake ${bake}`, by, roles: [], reason: 'too long' });
  };
  // Nothing is reported yet: all of the stage's windows are read by the new plan.
  expect(amend('20', 'sam')).toContainEqual({
    kind: 'save-plan',
    revision: expect.objectContaining({
      revision: 2,
      by: 'sam',
      approvedBy: null,
      reason: 'too long',
      after: 0,
    }),
  });
  const evidence = openEvidence(world.state.plan);
  const since = world.state.stageSince ?? 0;
  const memory = { evidence, since, cursor: began / 1000 + 90, cleanSince: null };
  world.report(assessment('hold'), { memory });
  amend('5', 'ada');
  expect(world.person('approve')).toContainEqual({
    kind: 'save-plan',
    revision: expect.objectContaining({
      rolloutId: world.state.id,
      revision: 3,
      text: 'bake 5',
      by: 'ada',
      approvedBy: 'kim',
      reason: 'too long',
      after: 90,
    }),
  });
});

describe('a traffic split that holds a gate', () => {
  it('is a question with the roles that may answer, until it is accepted', () => {
    const asked = (world: World) =>
      viewOf(world.state, world.now).blockers.filter(({ kind }) => kind === 'split');
    const world = held();
    expect(asked(world)).toEqual([
      {
        kind: 'split',
        text: 'the traffic is not split as planned: 200 of 2000 users have the canary',
        until: null,
        // The stage asks nobody by role: any approver may.
        roles: [],
      },
    ]);
    world.report(assessment('hold', { holding: [{ kind: 'split', detail: 'uneven' }] }));
    expect(asked(world)).toEqual([]);
  });

  const seen = { of: 'users', baseline: 1800, canary: 200 } as const;
  const holding = [{ kind: 'split', detail: '200 of 2000 users have the canary', seen } as const];
  const users = { baseline: 1800, canary: 200 };
  function held(more: Partial<GateReport> = {}): World {
    const world = new World(planOf({ approvals: {} }));
    world.event({ kind: 'begin' });
    world.event({ kind: 'peers', older: [] });
    world.settle();
    const evidence = openEvidence(world.state.plan);
    const split = { ...evidence.split, users, comparable: true, begun: 1 };
    const since = world.state.stageSince ?? 0;
    const memory = { evidence: { ...evidence, split }, since, cursor: 0, cleanSince: null };
    world.report(assessment('hold', { holding, reason: 'split' }), { memory, ...more });
    return world;
  }
  const approve = (world: World, reason: string | null, accept: number | null = null) => {
    const event: PersonEvent = {
      kind: 'person',
      action: 'approve',
      by: 'kim',
      roles: [],
      reason,
      accept,
      breakGlass: false,
    };
    const no = refusal(world.state, event);
    if (no === null) world.event(event);
    return no;
  };

  it('says what to do, and is accepted with who and why', () => {
    const world = held();
    expect(viewOf(world.state, world.now).next).toContain('accept it as it is with `tidegate approve`');
    expect(approve(world, 'bots are left out')).toBeNull();
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'accepted',
      cause: { kind: 'person', by: 'kim', reason: 'bots are left out' },
      summary: expect.stringMatching(
        /accepts the traffic split of stage .*: 10 % of the users have the canary/,
      ),
    });
    expect(restoreEvidence(world.state.memory?.evidence, world.state.plan)?.split.accepted).toMatchObject({
      users,
    });
  });

  it('is not accepted without a reason, with a difference, by the submitter, or while nothing holds', () => {
    expect(approve(held(), null)).toMatchObject({ code: 'REASON_MISSING' });
    expect(approve(held(), 'why', 0.01)).toMatchObject({ code: 'NOT_WAITING' });
    const world = held();
    const own: PersonEvent = {
      kind: 'person',
      action: 'approve',
      by: 'sam',
      roles: [],
      reason: 'why',
      accept: null,
      breakGlass: false,
    };
    expect(refusal(world.state, own)).toMatchObject({ code: 'OWN_ROLLOUT' });
    world.report(assessment('hold'));
    expect(approve(world, 'why')).toMatchObject({ code: 'NOT_WAITING' });
  });

  it('ends the pause that it has caused, and no other', () => {
    const world = held({ overdue: true });
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'overdue' }]);
    expect(viewOf(world.state, world.now).next).toContain('a person must act');
    world.person('pause');
    approve(world, 'why');
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'person' }]);
  });
});

describe('a decision upon an older message', () => {
  const asked = (world: World, action: PersonAction, seen: number) => {
    const roles = ['lead', 'on-call'];
    const words = { reason: null, accept: null, breakGlass: false };
    world.event({ kind: 'person', action, by: 'kim', roles, ...words, seen: { seq: seen } });
    return world.journal.at(-1);
  };
  function waiting(): World {
    const world = new World(planOf());
    world.event({ kind: 'begin' });
    world.event({ kind: 'peers', older: [] });
    return world;
  }

  it('counts while nothing was decided since, also after a reminder', () => {
    const world = waiting();
    const seen = world.state.seq;
    world.now += 2.5 * 3_600_000;
    world.event({ kind: 'tick' });
    expect(world.journal.at(-1)?.transition).toBe('reminder');
    expect(asked(world, 'approve', seen)?.transition).toBe('approved');
  });

  it('is refused once something else was decided, and holds and lowers all the same', () => {
    const world = waiting();
    const seen = world.state.seq;
    world.person('approve');
    world.settle();
    world.person('pause');
    for (const action of ['approve', 'resume', 'reject', 'step-back', 'accept-drift'] as const)
      expect(asked(world, action, seen)?.summary).toContain('STATE_STALE');
    expect(world.state.pause).not.toBeNull();
    world.person('resume');
    expect(asked(world, 'pause', seen)?.transition).toBe('paused');
    expect(asked(world, 'resume', world.state.seq)?.transition).toBe('resumed');
    expect(asked(world, 'rollback', seen)?.transition).toBe('rollback-requested');
  });

  it('is refused at another stage than that it names, unless it lowers or holds', () => {
    const world = waiting();
    const at = (action: PersonAction) =>
      refusal(world.state, {
        kind: 'person',
        action,
        by: 'kim',
        roles: [],
        reason: 'why',
        accept: null,
        breakGlass: false,
        seen: { gate: 'another' },
      })?.code ?? null;
    expect(at('reject')).toBe('STATE_STALE');
    expect(at('rollback')).toBeNull();
    expect(at('pause')).toBeNull();
  });

  it('amends only the plan that was seen', () => {
    const { state } = waiting();
    const { plan, decided = 0 } = state;
    expect(amendRefusal(state, { plan, seen: { seq: decided } })?.code).toBe('AMEND_REFUSED');
    expect(amendRefusal(state, { plan, seen: { seq: decided - 1 } })?.code).toBe('STATE_STALE');
  });

  it('cannot give the stages other weights than the evidence began with', () => {
    const { state } = waiting();
    const { plan, decided = 0 } = state;
    const even: Plan = { ...plan, analysis: { ...plan.analysis, stageWeights: 'even' } };
    const seen = { seq: decided };
    expect(amendRefusal(state, { plan: even, seen })?.message).toBe(
      'analysis.stageWeights cannot change while the rollout runs',
    );
    // One that was begun before plans had the word goes on as it is; the word is no change of it.
    const { stageWeights: _, ...analysis } = plan.analysis;
    const old = { ...state, plan: { ...plan, analysis } as Plan };
    expect(amendRefusal(old, { plan, seen })?.message).toBe('the new plan says the same as the old one');
    const looser: Plan = { ...plan, analysis: { ...plan.analysis, noise: 0.4 } };
    expect(amendRefusal(old, { plan: looser, seen })).toBeNull();
    expect(planChanges(old.plan, looser).map(({ path }) => path)).toEqual(['analysis.noise']);
  });
});
