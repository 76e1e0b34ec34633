import { beforeEach, describe, expect, it } from 'vitest';
import type { RolloutEvent } from './event.ts';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const STAGES = [
  { name: '10%', percent: 10, bake: '10s' },
  { name: '100%', percent: 100, bake: '10s' },
];

let world: World;

function begun(more: object = {}): World {
  const made = new World(planOf({ stages: STAGES, approvals: {}, ...more }));
  made.event({ kind: 'begin' });
  made.settle();
  made.report(assessment('hold'));
  return made;
}

const DRILL: RolloutEvent = {
  kind: 'drill',
  id: 'drill-1',
  by: 'kim',
  roles: ['operator'],
  reason: 'monthly',
  begins: { breakage: { errorRate: 1, latencyMs: 0, percent: 5 }, within: 60 },
};

const drillOf = ({ state, now }: World) => viewOf(state, now).drill;
const last = ({ journal }: World) => journal.at(-1);

beforeEach(() => {
  world = begun();
});

describe('a drill', () => {
  it('says who is touched, and holds the stage while it runs', () => {
    world.event(DRILL);
    expect(last(world)).toMatchObject({ transition: 'drill', cause: { by: 'kim', reason: 'monthly' } });
    expect(drillOf(world)).toMatchObject({ passed: null, touches: 0.5, stage: '10%', detectedAt: null });
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(0);
    expect(viewOf(world.state, world.now).blockers.map(({ kind }) => kind)).toEqual(['drill']);
  });

  it('has passed once it was stopped, rolled back and seen to be over', () => {
    world.event(DRILL);
    world.now += 4_000;
    world.report(assessment('hard'));
    expect(drillOf(world)).toMatchObject({ passed: null, detectedAt: world.now });
    world.now += 100;
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    world.now += 6_000;
    world.event({ kind: 'verified', outcome: 'back', detail: 'so', queries: [] });
    expect(drillOf(world)).toMatchObject({ passed: true, verifiedBy: 'metrics', endedAt: world.now });
    expect(drillOf(world)?.outcome).toBe(
      'detected after 4.0 s, rolled back after 4.1 s, verified by the metrics after 10.1 s',
    );
    expect(last(world)).toMatchObject({ transition: 'drill', drill: { passed: true } });
  });

  it('says in every message of its stop that it is one, and in none of what people do or of a way back that fails', () => {
    const channel = 'pager';
    const events = ['incident', 'paused', 'rolled-back', 'rollback-verified', 'rollback-unverified', 'drill'];
    const drilled = (end: 'back' | 'not-back') => {
      world = begun({
        notify: [
          { channel, events },
          { channel: 'log', events: ['hard-stop'] },
        ],
      });
      world.event(DRILL);
      world.report(assessment('hard'));
      world.settle();
      world.event({ kind: 'verified', outcome: end, detail: 'so', queries: [] });
      return world.messages.map(({ event, title, drill }) => [event, title.split(' ')[0], drill === true]);
    };
    expect(drilled('back')).toEqual([
      ['drill', 'pricing', false],
      ['incident', 'Drill:', true],
      ['hard-stop', 'Drill:', true],
      ['rolled-back', 'Drill:', true],
      ['rollback-verified', 'Drill:', true],
      ['drill', 'pricing', false],
    ]);
    const opened = world.messages.find(({ event }) => event === 'incident');
    expect(opened?.title).toMatch(/^Drill: Incident: pricing stopped hard/);
    expect(opened?.summary).toContain(
      "It is a drill: kim has broken the new path on purpose for 5 % of the canary's users.",
    );
    expect(drilled('not-back')).toContainEqual(['rollback-unverified', 'pricing', false]);
    world = begun({ notify: [{ channel, events }] });
    world.event(DRILL);
    world.event({ ...DRILL, begins: null });
    world.report(assessment('hard'));
    expect(world.messages.at(-1)?.title).toMatch(/^Incident: pricing stopped hard/);
  });

  it('has not passed when it took too long, or was not seen to be over', () => {
    world.event(DRILL);
    world.report(assessment('hard'));
    world.settle();
    world.now += 61_000;
    world.event({ kind: 'verified', outcome: 'back', detail: 'so', queries: [] });
    expect(drillOf(world)).toMatchObject({ passed: false, outcome: expect.stringContaining('later than') });
    world = begun();
    world.event(DRILL);
    world.report(assessment('hard'));
    world.settle();
    world.event({ kind: 'verified', outcome: 'not-back', detail: 'so', queries: [] });
    expect(drillOf(world)).toMatchObject({ passed: false, verifiedAt: null });
  });

  it('that nothing stops ends by itself, and the stage begins again without its evidence', () => {
    const before = world.state.memory;
    world.event(DRILL);
    expect(nextDeadline(world.state, world.now)).toBe(world.now + 60_000);
    world.now += 60_000;
    world.event({ kind: 'tick' });
    expect(drillOf(world)).toMatchObject({
      passed: false,
      outcome: expect.stringContaining('was not detected'),
    });
    expect(world.state).toMatchObject({ phase: 'active', stageSince: world.now });
    expect(world.gate?.memory?.evidence).toEqual(before?.evidence);
    expect(world.gate?.memory?.cursor).toBeGreaterThanOrEqual(world.now / 1000);
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(1);
  });

  it('that only paused the rollout leaves no pause behind', () => {
    world.event(DRILL);
    world.report(assessment('soft'));
    expect(world.state.pause).not.toBeNull();
    expect(drillOf(world)?.detectedAt).toBe(world.now);
    world.now += 60_000;
    world.event({ kind: 'tick' });
    expect(drillOf(world)).toMatchObject({
      passed: false,
      outcome: expect.stringContaining('nothing rolled it back'),
    });
    expect(world.state.pause).toBeNull();
  });

  it('is broken off by a person, and not one that is over', () => {
    world.event(DRILL);
    world.event({ ...DRILL, begins: null });
    expect(drillOf(world)).toMatchObject({ passed: false, outcome: 'broken off by kim' });
    world.event({ ...DRILL, begins: null });
    expect(last(world)).toMatchObject({
      transition: 'note',
      summary: expect.stringContaining('NOT_WAITING'),
    });
  });

  it('is none of its own when a person rolls back or somebody moves the flag', () => {
    world.event(DRILL);
    world.person('rollback');
    world.settle();
    expect(drillOf(world)).toMatchObject({ passed: false, outcome: expect.stringContaining('not because') });
  });

  it.each([
    ['nothing of the plan stops it', { policy: { hard: 'pause' } }, 'rolls the flag back by itself'],
    ['the flag is served elsewhere', { flag: { key: 'pricing', provider: 'ld' } }, 'carries no drill'],
    [
      'everybody has it and nobody can go back',
      {
        reversibility: 'forward-only',
        safeExposure: 'frozen',
        stages: [{ name: '100%', percent: 100, bake: '10s' }],
      },
      'forward-only',
    ],
  ])('is refused where %s', (_why, more, text) => {
    world = begun(more);
    world.event(DRILL);
    expect(last(world)).toMatchObject({ transition: 'note', summary: expect.stringContaining(text) });
    expect(drillOf(world)).toBeUndefined();
  });

  it('is refused while the old path is taken out', () => {
    world = begun({
      stages: [
        { name: '100%', percent: 100, bake: '10s' },
        { name: 'decommission', decommission: { cleanFor: '10s' }, bake: '10s' },
      ],
    });
    world.report(assessment('pass'));
    world.settle();
    world.event(DRILL);
    expect(last(world)?.summary).toContain('the old path is being taken out');
  });

  it('is refused while another runs, while the rollout is paused, and before anybody has the canary', () => {
    world.event(DRILL);
    world.event({ ...DRILL, id: 'drill-2' });
    expect(last(world)?.summary).toContain('a drill runs already');
    world = begun();
    world.person('pause');
    world.event(DRILL);
    expect(last(world)?.summary).toContain('it is paused');
    world = new World(planOf());
    world.event({ kind: 'begin' });
    world.event(DRILL);
    expect(last(world)?.summary).toContain('nobody has the canary');
  });
});
