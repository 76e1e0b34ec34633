import { describe, expect, it } from 'vitest';
import { FAILURES } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { PersonEvent } from './event.ts';
import { refusal } from './refusals.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const WEEK = 604_800_000;

function event(more: Partial<PersonEvent> = {}): PersonEvent {
  const who = { by: 'kim', roles: ['lead'], reason: 'two clean weeks', accept: null, breakGlass: false };
  return { kind: 'person', action: 'confirm', ...who, confirm: 'pricing', ...more };
}

/** A rollout in its last stage, with that stage's gate as told. */
function atLast(verdict: 'hold' | 'pass', plan: Plan = planOf()): World {
  const world = new World(plan);
  world.event({ kind: 'begin' });
  world.person('approve');
  for (let round = 0; round < 12 && world.state.stage < 4; round += 1) {
    world.event({ kind: 'peers', older: [] });
    world.settle();
    world.report(assessment('pass'));
    world.person('approve');
  }
  world.report(assessment('hold'));
  if (verdict === 'pass') world.report(assessment('pass'));
  expect(world.state).toMatchObject({ phase: 'active', stage: 4 });
  return world;
}

const code = (world: World, more: Partial<PersonEvent> = {}) =>
  refusal(world.state, event(more))?.code ?? null;
const last = (world: World, count: number) =>
  world.journal.slice(-count).map(({ transition, cause }) => [transition, cause.kind]);

describe('the point of no return', () => {
  it('waits for a person once the old path is proven unused, and completes with their name', () => {
    const world = atLast('pass');
    expect(last(world, 1)).toEqual([['approval-needed', 'policy']]);
    expect(world.journal.at(-1)?.summary).toContain('from then on a kill of pricing is refused');
    expect(viewOf(world.state, world.now).blockers).toMatchObject([
      { kind: 'point-of-no-return', roles: ['lead'] },
    ]);
    world.event(event());
    expect(last(world, 2)).toEqual([
      ['point-of-no-return', 'person'],
      ['completed', 'person'],
    ]);
    expect(world.journal.at(-2)).toMatchObject({ cause: { by: 'kim' }, evidence: { verdict: 'pass' } });
    expect(world.state.phase).toBe('completed');
  });

  it('is confirmed by its name, by somebody else than who submitted it, with the role of the plan', () => {
    const world = atLast('pass');
    const unnamed = event();
    delete unnamed.confirm;
    expect(refusal(world.state, unnamed)?.code).toBe('CONFIRM_NAME');
    expect(FAILURES.CONFIRM_NAME.status).toBe(422);
    expect(code(world, { confirm: 'yes' })).toBe('CONFIRM_NAME');
    expect(code(world, { confirm: 'pricing-1' })).toBeNull();
    expect(code(world, { by: 'sam', breakGlass: true })).toBe('OWN_ROLLOUT');
    expect(code(world, { roles: ['on-call'] })).toBe('ROLE_MISSING');
    const { stages, ...plan } = planOf();
    const named = stages.map((stage) =>
      stage.decommission === undefined
        ? stage
        : { ...stage, decommission: { ...stage.decommission, confirm: { roles: ['product-owner'] } } },
    );
    expect(code(atLast('pass', { ...plan, stages: named }), { roles: ['lead'] })).toBe('ROLE_MISSING');
    expect(code(atLast('pass', { ...plan, stages: named }), { roles: ['product-owner'] })).toBeNull();
  });

  it('is not there before the proof, after an incident, in a pause, nor in another stage', () => {
    expect(code(atLast('hold'))).toBe('NOT_WAITING');
    const world = atLast('pass');
    world.person('pause');
    expect(code(world)).toBe('NOT_WAITING');
    world.person('resume');
    expect(code(world)).toBe('NOT_WAITING');
    world.report(assessment('hold'));
    world.report(assessment('pass'));
    expect(code(world)).toBeNull();
    const early = new World(planOf());
    expect(code(early)).toBe('NOT_WAITING');
    world.report(assessment('hold'));
    expect(code(world)).toBe('NOT_WAITING');
  });

  it('is reminded of each week, and nothing else comes of silence', () => {
    const world = atLast('pass');
    const reminders = () => world.journal.filter(({ transition }) => transition === 'reminder').length;
    const since = world.now;
    world.tick();
    expect([world.now, reminders()]).toEqual([since + WEEK, 1]);
    world.tick();
    expect([world.now, reminders()]).toEqual([since + 2 * WEEK, 2]);
    world.now += 5 * WEEK;
    world.event({ kind: 'tick' });
    expect(reminders()).toBe(3);
    expect(world.state).toMatchObject({ phase: 'active', pause: null });
  });

  it('is not asked for by a plan of before', () => {
    const plan: Plan = JSON.parse(
      JSON.stringify(planOf(), (key, value) => (key === 'confirm' ? undefined : value)),
    );
    const world = atLast('hold', plan);
    world.person('pause');
    expect(world.state.clean).toBeUndefined();
    world.person('resume');
    world.report(assessment('pass'));
    expect(world.state.phase).toBe('completed');
  });
});
