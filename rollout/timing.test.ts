import { describe, expect, it } from 'vitest';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const HOUR = 3_600_000;
const STAGES = [
  { name: '1%', percent: 1, bake: '1h' },
  { name: '5%', percent: 5, bake: '24h' },
  { name: '100%', percent: 100, bake: '1h' },
];

function begun(more: object, at?: string): World {
  const world = new World(planOf({ stages: STAGES, approvals: {}, ...more }));
  if (at !== undefined) {
    world.now = Date.parse(at);
    world.state = { ...world.state, submittedAt: world.now };
  }
  world.event({ kind: 'begin' });
  world.settle();
  return world;
}

const blockers = (world: World) =>
  viewOf(world.state, world.now).blockers.map(({ kind, until }) => ({ kind, until }));
const at = (text: string) => Date.parse(text);

describe('a rollout with a start', () => {
  it('begins at that time and not before', () => {
    const start = '2026-03-02T09:00:00+01:00';
    const world = begun({ start: { at: start } }, '2026-03-01T00:00:00Z');
    expect(blockers(world)).toEqual([{ kind: 'start', until: at(start) }]);
    expect(nextDeadline(world.state, world.now)).toBe(at(start));
    world.tick();
    world.settle();
    expect(world.state.stage).toBe(0);
    expect(world.now).toBe(at(start));
  });
});

describe('windows of a stage', () => {
  it('stand in place of those at the top, by its own time zone, over a change of the clock', () => {
    const stages = STAGES.map((stage, index) =>
      index === 1
        ? { ...stage, windows: { timezone: 'America/New_York', allow: ['Sun 03:00-04:00'] } }
        : stage,
    );
    // On 8 March 2026 the clocks of New York go from 2:00 to 3:00.
    const world = begun({ stages, windows: { allow: ['Sat 00:00-24:00'] } }, '2026-03-07T12:00:00Z');
    expect(world.state.stage).toBe(0);
    world.report(assessment('pass'));
    expect(blockers(world)).toEqual([{ kind: 'window', until: at('2026-03-08T07:00:00Z') }]);
    world.tick();
    world.settle();
    expect(world.state.stage).toBe(1);
    world.report(assessment('pass'));
    // The third stage has none of its own.
    expect(blockers(world)).toEqual([{ kind: 'window', until: at('2026-03-14T00:00:00Z') }]);
  });

  it('are shut on holidays', () => {
    const world = begun(
      { windows: { timezone: 'Europe/Berlin', holidays: ['2026-12-25', '2026-12-26'] } },
      '2026-12-24T23:30:00Z',
    );
    expect(blockers(world)).toEqual([{ kind: 'window', until: at('2026-12-26T23:00:00Z') }]);
  });
});

describe('a stage that would end in a freeze', () => {
  const windows = {
    timezone: 'Europe/Berlin',
    allow: ['Mon-Fri 09:00-17:00'],
    freezes: [{ from: '2026-12-20', to: '2027-01-02' }],
    bakeOutsideFreezes: true,
  };

  it('opens as long as its bake time ends before it', () => {
    const world = begun({ windows }, '2026-12-18T15:00:00Z');
    expect(world.state.stage).toBe(0);
    // 24 hours from 16:30 on Friday end on Saturday, and the freeze begins on Sunday.
    world.now = at('2026-12-18T15:30:00Z');
    world.report(assessment('pass'));
    expect(world.pending).toHaveLength(1);
  });

  it('is blocked until the first opening after it', () => {
    const stages = STAGES.map((stage, index) => (index === 1 ? { ...stage, bake: '3d' } : stage));
    const world = begun({ stages, windows }, '2026-12-18T15:00:00Z');
    world.report(assessment('pass'));
    // Monday, 4 January, 9:00 in Berlin.
    expect(blockers(world)).toEqual([{ kind: 'freeze', until: at('2027-01-04T08:00:00Z') }]);
    expect(viewOf(world.state, world.now).next).toContain('would run into a freeze');
    world.person('rollback');
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
  });
});

describe('the deadline of a rollout', () => {
  it('is told of before, and pauses what is not complete', () => {
    const world = begun({ deadline: { after: '10d', warn: '1d' } });
    const begin = world.state.startedAt ?? 0;
    expect(nextDeadline(world.state, world.now)).toBe(begin + 9 * 24 * HOUR);
    world.tick();
    expect(world.journal.at(-1)).toMatchObject({ transition: 'deadline-near' });
    world.tick();
    expect(world.now).toBe(begin + 10 * 24 * HOUR);
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'deadline' }]);
    world.person('resume');
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(1);
    expect(world.journal.filter(({ transition }) => transition === 'deadline-near')).toHaveLength(1);
  });

  it('rolls back where the plan says so, and turns down what has not begun', () => {
    const world = begun({ deadline: { after: '1d', then: 'rollback' } });
    world.tick();
    world.tick();
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.state.stop?.cause).toMatchObject({
      kind: 'policy',
      reason: expect.stringContaining('to be complete'),
    });
    const late = begun(
      { start: { at: '2026-03-09T00:00:00Z' }, deadline: { at: '2026-03-03T00:00:00Z', then: 'rollback' } },
      '2026-03-01T00:00:00Z',
    );
    late.tick();
    late.tick();
    expect(late.state.phase).toBe('rejected');
  });

  it('takes nothing back behind the point of no return', () => {
    const stages = [STAGES[0], { name: 'decommission', decommission: { cleanFor: '30d' } }];
    const world = begun({ stages, deadline: { after: '1d', then: 'rollback' } });
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(1);
    world.now = (world.state.startedAt ?? 0) + 24 * HOUR;
    world.event({ kind: 'tick' });
    expect(world.state.phase).toBe('active');
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'deadline' }]);
  });
});

describe('a soft step back that is tried again', () => {
  const policy = { soft: 'step-back', retry: { wait: '1h', times: 2 } };

  function above(): World {
    const world = begun({ policy });
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(1);
    return world;
  }

  function softly(world: World): void {
    world.report(assessment('soft'));
    world.settle();
  }

  it('rests below without a pause, and goes up once the rest is over and the gate has passed', () => {
    const world = above();
    softly(world);
    expect(world.state).toMatchObject({ stage: 0, pause: null, retreat: { used: 1 } });
    const until = world.now + HOUR;
    world.report(assessment('soft'));
    expect(world.state.pause).toBeNull();
    world.report(assessment('pass'));
    expect(blockers(world)).toEqual([{ kind: 'retreat', until }]);
    expect(world.pending).toEqual([]);
    world.tick();
    expect(world.now).toBe(until);
    world.settle();
    expect(world.state.stage).toBe(1);
  });

  it('says when it goes up again: after its rest, or once the windows let it', () => {
    const said = (world: World) => {
      softly(world);
      return world.journal.at(-1)?.summary;
    };
    expect(said(above())).toBe('Goes up again by itself after 1 h, once the gate has passed (1 of 2).');
    const shut = above();
    const day = new Date(shut.now).toISOString().slice(0, 10);
    shut.state.plan.windows = { timezone: 'UTC', allow: [], freezes: [{ from: day, to: '2999-01-01' }] };
    expect(said(shut)).toBe(
      'Goes up again by itself on Wed 2999-01-02 00:00 UTC at the earliest, once the gate has passed (1 of 2).',
    );
  });

  it('is tried as often as the plan says, then a person decides', () => {
    const world = above();
    for (const round of [1, 2]) {
      softly(world);
      expect(world.state.retreat?.used).toBe(round);
      world.report(assessment('pass'));
      world.tick();
      world.settle();
      expect(world.state.stage).toBe(1);
    }
    softly(world);
    expect(world.state.stage).toBe(0);
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'soft' }]);
  });

  it('is a soft stop like any other where the evidence still stands after the rest', () => {
    const world = above();
    softly(world);
    world.report(assessment('soft'));
    world.tick();
    world.settle();
    // There is no stage below the first one.
    expect(world.state.phase).toBe('rolled-back');
  });

  it('stops at once at a hard margin while it rests', () => {
    const world = above();
    softly(world);
    world.report(assessment('hard'));
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
  });

  it('asks a person where somebody asked for the step back', () => {
    const world = above();
    world.person('step-back');
    world.settle();
    expect(world.state.retreat).toBeUndefined();
    expect(world.state.pause).not.toBeNull();
  });
});
