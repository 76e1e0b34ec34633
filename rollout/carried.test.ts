import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Carried, Origin } from '../plans/origin.ts';
import { originText } from '../plans/origin-words.ts';
import type { Plan } from '../plans/plan.ts';
import { acceptedPlans } from './accepted-plans.fixture.ts';
import { amendRefusal } from './amend.ts';
import { climb, lift, order, originFor, planFor } from './orders.fixture.ts';
import { acceptRefusal, carryRefusal } from './retry.ts';
import { beginGate } from './watching.ts';
import { assessment, hasLeft, leftEvidence, planOf, World } from './world.fixture.ts';

/** Random orders per property; `TIDEGATE_ORDERS=100000` for the long run. */
const numRuns = Math.min(Number(process.env.TIDEGATE_ORDERS ?? 600), 20_000);

const carried: Carried = {
  of: 'pricing-0',
  build: 'shop:2.4.1',
  lnE: Math.log(10),
  threshold: Math.log(100),
  against: [
    { name: 'errors', lnE: Math.log(12) },
    { name: 'latency', lnE: -Math.log(3) },
  ],
  accepted: [{ name: 'conversion', value: 0.004, by: 'kim' }],
};

const retryOf = (stage: string): Extract<Origin, { kind: 'retry' }> => ({
  kind: 'retry',
  of: 'pricing-0',
  stage,
  cause: 'kim',
  reason: 'mended',
  changes: [],
  carried,
});

const withBuild = (build?: string, more: object = {}): Plan =>
  planOf({ metadata: { name: 'pricing', ...(build === undefined ? {} : { build }) }, ...more });

describe('a retry of the same build', () => {
  it('begins its first gate with what was left against the build, and says so to whoever approves', () => {
    const world = new World(withBuild('shop:2.4.1'), retryOf('1%'));
    world.event({ kind: 'begin' });
    const text =
      'It goes on with the evidence against build shop:2.4.1 of pricing-0: errors 12 : 1, latency 1 : 3 ' +
      '(50 % of what a stop needs). Accepted of it, and still so: conversion up to 0.00400 (kim).';
    expect(world.journal[0]?.summary).toContain(text);
    expect(world.journal.find(({ transition }) => transition === 'approval-needed')?.summary).toContain(text);
    world.event({ kind: 'peers', older: [] });
    world.person('approve');
    world.settle();
    const { gate } = world;
    if (gate === null) throw new Error('no gate watches');
    expect(gate.memory?.evidence).toEqual(leftEvidence(gate.plan));
    const memory = beginGate(gate);
    expect(hasLeft(memory.evidence)).toBe(true);
    expect(memory.evidence.stage).toBe('1%');
    expect(memory).toMatchObject({ since: gate.stageSince });
    expect(memory.cursor).toBeGreaterThan(0);
  });

  it('keeps it, whatever the order of events and however often it is written out', () => {
    let watched = 0;
    const look = (moves: Parameters<typeof originFor>[0], plan: Plan, world: World) => {
      world.watchers.push((_before, _event, commands) => {
        for (const command of commands) {
          if (command.kind !== 'watch') continue;
          watched += 1;
          expect(hasLeft(beginGate(command.request).evidence)).toBe(true);
        }
      });
      world.event({ kind: 'begin' });
      for (const one of [lift, ...moves, (last: World) => climb(last, 2)]) {
        world.state = JSON.parse(JSON.stringify(world.state));
        one(world);
      }
    };
    fc.assert(
      fc.property(order, (moves) => {
        const plan = planFor(moves);
        const origin = originFor(moves, plan) ?? retryOf(plan.stages[0]?.name ?? '');
        look(moves, plan, new World(plan, origin));
      }),
      { numRuns },
    );
    const plans = acceptedPlans(100, 3).filter(({ mode }) => mode === 'act');
    fc.assert(
      fc.property(order, fc.constantFrom(...plans), (moves, plan) => {
        look(moves, plan, new World(plan, retryOf(plan.stages[0]?.name ?? '')));
      }),
      { numRuns },
    );
    expect(watched).toBeGreaterThan(numRuns);
  });

  it('under a plan that loosens what was in force needs somebody who approves that, also at its first stage', () => {
    const before = { id: 'pricing-0', plan: planOf() };
    const stage = 'internal';
    const looser = planOf({ metrics: [{ ...planOf().metrics[0], soft: '+1pp', hard: '+2pp' }] });
    const tighter = planOf({ metrics: [{ ...planOf().metrics[0], soft: '+0.05pp', hard: '+0.5pp' }] });
    const alone = (plan: Plan) => ({ ...plan, approvals: {} });
    expect(carryRefusal(before, { plan: looser, stage })).toBeNull();
    expect(carryRefusal(before, { plan: tighter, stage })).toBeNull();
    const own = { ...before, plan: alone(before.plan) };
    expect(carryRefusal(own, { plan: alone(tighter), stage })).toBeNull();
    expect(carryRefusal(own, { plan: alone(looser), stage })).toEqual({
      code: 'RETRY_REFUSED',
      message:
        'the plan loosens metrics[errors].soft.absolute, metrics[errors].hard.absolute for the build of pricing-0, and asks nobody to approve that',
    });
    // Another name of the build is no looser plan.
    expect(carryRefusal(own, { plan: alone(withBuild('shop:3')), stage })).not.toMatchObject({
      message: expect.stringContaining('metadata.build'),
    });
  });
});

describe('what stands against a build', () => {
  const past = { id: 'pricing-0', submittedBy: 'sam', plan: planOf(), stage: '5%' };
  const kim = { by: 'kim', roles: ['on-call'], verdict: 'soft' as const };

  it.each([
    ['RETRY_SAME_BUILD', { ...kim, verdict: 'hard' as const }],
    ['NOT_WAITING', { ...kim, verdict: 'hold' as const }],
    ['OWN_ROLLOUT', { ...kim, by: 'sam' }],
    ['ROLE_MISSING', { ...kim, roles: ['lead'] }],
  ])('is not accepted: %s', (code, by) => {
    expect(acceptRefusal(past, by)?.code).toBe(code);
  });

  it('is accepted by whoever could have accepted it in the rollout that saw it', () => {
    expect(acceptRefusal(past, kim)).toBeNull();
    expect(acceptRefusal({ ...past, stage: '1%' }, { ...kim, roles: [] })).toBeNull();
  });
});

describe('the build of a running rollout', () => {
  function running(build?: string): World {
    const world = new World(withBuild(build, { approvals: {} }));
    world.event({ kind: 'begin' });
    world.event({ kind: 'peers', older: [] });
    world.settle();
    world.report(assessment('hold'));
    return world;
  }

  const amended = (plan: Plan) => ({
    kind: 'amend' as const,
    by: 'ada',
    roles: [],
    reason: null,
    plan,
    text: '',
  });

  it('is another one only in a retry: what was seen is about this one', () => {
    const { state } = running('shop:2.4.1');
    expect(amendRefusal(state, { plan: withBuild('shop:2.4.2', { approvals: {} }) })).toEqual({
      code: 'AMEND_REFUSED',
      message: 'what was seen is about build shop:2.4.1: roll back, and retry with another one',
    });
  });

  it('can be named late, by nobody but who asks, and stays named where an amended plan says nothing', () => {
    const world = running();
    world.event(amended(withBuild('shop:2.4.1', { approvals: {} })));
    expect(world.state.plan.metadata.build).toBe('shop:2.4.1');
    expect(world.state.planRevision).toBe(2);
    world.event(
      amended(withBuild(undefined, { approvals: {}, limits: [{ name: 'x', expr: 'up', above: 1 }] })),
    );
    expect(world.state.plan.metadata.build).toBe('shop:2.4.1');
    expect(world.state.planRevision).toBe(3);
  });
});

it('a retry of another build says that it begins anew', () => {
  const { carried: _, ...origin } = retryOf('1%');
  const anew = 'Its evidence begins anew: it is of build b2, pricing-0 was of b1.';
  expect(originText({ ...origin, anew })).toBe(
    `It retries pricing-0 from stage 1%: mended. What stopped pricing-0: kim. ${anew}`,
  );
});
