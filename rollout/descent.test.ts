import { describe, expect, it } from 'vitest';
import { actionsFor } from '../plans/actions.ts';
import { incidentOf } from '../plans/incident.ts';
import { descentText } from '../plans/standing-words.ts';
import { amendRefusal } from './amend.ts';
import { drillRefusal } from './drill-facts.ts';
import type { PersonEvent } from './event.ts';
import { forecast } from './forecast.ts';
import { climb, exclusion, slowly } from './orders.fixture.ts';
import { refusal } from './refusals.ts';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const MINUTE = 60_000;
const who = { by: 'kim', roles: ['on-call'], reason: 'cold caches', accept: null, breakGlass: false };
const plain: PersonEvent = { kind: 'person', action: 'rollback', ...who };

function begun(stages: number, more: object = {}): World {
  const world = new World(planOf({ approvals: {}, ...more }));
  world.event({ kind: 'begin' });
  world.settle();
  climb(world, stages);
  return world;
}

function pass(world: World, minutes: number): void {
  world.now += minutes * MINUTE;
  world.event({ kind: 'tick' });
  world.settle();
}

describe('a progressive rollback', () => {
  it('goes down the stages below at its pace, with nobody asked, and ends where it was reached', () => {
    const world = begun(3);
    expect(world.flag.exposure.percent).toBe(100);
    slowly(600)(world);
    expect(world.pending).toMatchObject([{ direction: 'lower', exposure: { percent: 5 } }]);
    world.settle();
    expect(world.flag.exposure).toMatchObject({ percent: 5, segments: ['employees'] });
    const view = viewOf(world.state, world.now);
    expect(view.descent?.from).toBe('100%');
    expect(descentText(view, world.now + 2 * MINUTE)).toBe(
      '5 % + employees → 1 % + employees in 8 min → employees in 18 min → nobody in 28 min',
    );
    expect(view.blockers.map(({ kind }) => kind)).toEqual(['rollback']);
    const { plan } = world.state;
    expect(forecast({ plan, view, assessment: null, sample: null, now: world.now })).toBeNull();
    pass(world, 9);
    expect(world.flag.exposure.percent).toBe(5);
    expect(nextDeadline(world.state, world.now)).toBe(world.now + MINUTE);
    pass(world, 1);
    expect(world.flag.exposure.percent).toBe(1);
    // The worker is restarted: what is left stands in the state.
    world.state = JSON.parse(JSON.stringify(world.state));
    pass(world, 10);
    expect(world.flag.exposure).toMatchObject({ percent: 0, segments: ['employees'] });
    pass(world, 10);
    expect(world.state).toMatchObject({ phase: 'rolled-back', stage: 3 });
    expect(world.flag.exposure).toEqual({ percent: 0, segments: [], variant: null });
    expect(world.journal.filter(({ transition }) => transition === 'rollback-requested')).toHaveLength(1);
  });

  it('says so at once, as one incident, and offers the faster way', () => {
    const world = begun(2);
    slowly(600)(world);
    const entry = world.journal.at(-1);
    const view = viewOf(world.state, world.now);
    if (entry === undefined) throw new Error('nothing was journaled');
    expect(incidentOf(entry, view)).toMatchObject({ automatic: false });
    expect(actionsFor(entry, view).map(({ command }) => command)).toContain(
      'tidegate rollback pricing-1 --immediate',
    );
    world.settle();
    world.now += MINUTE;
    world.report(assessment('hard'));
    const stop = world.journal.at(-1);
    expect(stop?.transition).toBe('hard-stop');
    if (stop !== undefined) expect(incidentOf(stop, viewOf(world.state, world.now))).toBeNull();
  });

  it.each<[string, (world: World) => void]>([
    ['a hard stop', (world) => world.report(assessment('hard'))],
    ['a kill', (world) => void world.event({ kind: 'killed', by: 'ada', reason: 'now' })],
    ['a plain rollback', (world) => void world.event(plain)],
  ])('is immediate once there is %s, whatever step is on its way', (_, graver) => {
    for (const settled of [true, false]) {
      const world = begun(3, { policy: { hard: 'pause', rollback: 'progressive' } });
      world.event(plain);
      expect(world.state.descent?.every).toBe(10 * MINUTE);
      if (settled) world.settle();
      graver(world);
      expect(world.state.phase).toBe('reverting');
      world.settle();
      expect(world.flag.exposure).toEqual({ percent: 0, segments: [], variant: null });
      expect(world.state).toMatchObject({ phase: 'rolled-back', stage: 3, descent: null });
    }
  });

  it('is immediate from the start where it cannot take its time, and says why', () => {
    const hard = begun(3, { policy: { hard: 'pause' } });
    hard.report(assessment('hard'));
    slowly(600)(hard);
    expect(hard.state.phase).toBe('reverting');
    expect(hard.journal.at(-1)?.summary).toContain('At once, since the gate is at a hard stop.');
    const first = begun(0);
    slowly(600)(first);
    expect(first.journal.at(-1)?.summary).toContain('there is no stage below');
    const forward = begun(2, {
      reversibility: 'forward-only',
      safeExposure: { variant: 'paused' },
      flag: { key: 'pricing', variants: { on: true, off: false, paused: 'paused' } },
    });
    slowly(600)(forward);
    expect(forward.journal.at(-1)?.summary).toContain('forward-only');
    const now = begun(2, { policy: { rollback: 'progressive' } });
    now.event({ ...plain, progressive: false });
    expect(now.state.phase).toBe('reverting');
  });

  it('is what a soft stop does where the plan says so, while a hard one stays immediate', () => {
    const policy = { soft: 'rollback', rollback: 'progressive', every: '5m' };
    const soft = begun(2, { policy });
    soft.report(assessment('soft'));
    expect(soft.state.descent).toMatchObject({ every: 5 * MINUTE });
    expect(soft.journal.at(-1)?.transition).toBe('soft-stop');
    soft.settle();
    soft.report(assessment('soft'));
    soft.report(assessment('no-data'));
    soft.report(assessment('pass'));
    expect(soft.state).toMatchObject({ phase: 'active', pause: null });
    const hard = begun(2, { policy });
    hard.report(assessment('hard'));
    expect(hard.state.phase).toBe('reverting');
  });

  it('lets nobody do anything meanwhile but lower more', () => {
    const world = begun(3);
    slowly(600)(world);
    world.settle();
    const { state } = world;
    const code = (event: Partial<PersonEvent>) => refusal(state, { ...plain, ...event })?.code ?? null;
    for (const action of ['resume', 'approve', 'pause', 'step-back', 'include', 'accept-drift'] as const)
      expect(code({ action })).toBe('HARD_STOP');
    expect(code({ progressive: true })).toBe('HARD_STOP');
    expect(code({})).toBeNull();
    expect(code({ action: 'exclude', who: { tenant: 'acme' } })).toBeNull();
    expect(amendRefusal(state, { plan: planOf() })?.code).toBe('HARD_STOP');
    expect(
      drillRefusal(state, {
        id: 'd',
        begins: { breakage: { errorRate: 1, latencyMs: 0, percent: 5 }, within: 30 },
      })?.code,
    ).toBe('HARD_STOP');
    exclusion('tenant=acme')(world);
    world.settle();
    expect(world.flag.exposure).toMatchObject({ percent: 5, without: ['tenant=acme'] });
    pass(world, 10);
    expect(world.flag.exposure).toMatchObject({ percent: 1, without: ['tenant=acme'] });
  });

  it('goes on below what somebody else has set, and never raises that', () => {
    const world = begun(3);
    slowly(600)(world);
    world.settle();
    world.drift(0.5, ['employees']);
    world.report(assessment('pass'));
    expect(world.state.pause).toBeNull();
    pass(world, 10);
    expect(world.flag.exposure).toMatchObject({ percent: 0, segments: ['employees'] });
    pass(world, 10);
    expect(world.state.phase).toBe('rolled-back');
  });

  it('is tried again after a step that failed', () => {
    const world = begun(3);
    slowly(600)(world);
    world.lose(0);
    world.answer(0);
    for (let round = 0; round < 3; round += 1) {
      world.tick();
      world.settle();
    }
    expect(world.flag.exposure.percent).toBeLessThan(100);
  });
});
