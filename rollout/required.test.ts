import { describe, expect, it } from 'vitest';
import type { RequiredSight } from '../plans/requires.ts';
import type { Phase } from '../plans/view.ts';
import { planChanges } from './amend.ts';
import type { Command } from './command.ts';
import { step } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const CHECKOUT = { rollout: 'checkout-v2', reached: '25%' };

function sight(percent: number, more: Partial<RequiredSight> = {}): RequiredSight {
  return {
    rollout: 'checkout-v2',
    environment: 'production',
    id: 'checkout-v2-3',
    phase: 'active',
    stage: `${percent}%`,
    entered: [`${percent}%`],
    percent,
    served: percent > 0,
    top: 100,
    why: null,
    ...more,
  };
}

const MISSING = sight(0, { id: null, phase: null, stage: null, entered: [] });
const undone = (why: string | null = 'errors', phase: Phase = 'rolled-back') =>
  sight(0, { phase, why, entered: [] });

function follows(commands: readonly Command[]) {
  return commands.flatMap((command) => (command.kind === 'follow' ? [command.request] : []));
}

/** A world whose requests about others are answered by hand. */
function worldOf(more: object): World {
  const world = new World(planOf({ approvals: {}, policy: { sharedService: 'note' }, ...more }));
  world.event({ kind: 'begin' });
  return world;
}

function tell(world: World, ...sights: RequiredSight[]): Command[] {
  const commands = world.event({ kind: 'required', follow: world.state.follow?.id ?? -1, sights });
  world.settle();
  return commands;
}

const blockers = ({ state, now }: World) =>
  viewOf(state, now)
    .blockers.filter(({ kind }) => kind === 'requires')
    .map(({ text }) => text);
const lines = ({ journal }: World) => journal.map(({ transition, summary }) => `${transition}: ${summary}`);

/** Into the first stage, with what is required there. */
function begun(then: string, more: object = {}): World {
  const world = worldOf({ requires: [{ ...CHECKOUT, then }], ...more });
  tell(world, sight(25));
  expect(world.state).toMatchObject({ phase: 'active', stage: 0 });
  return world;
}

describe('a plan that requires something of another rollout', () => {
  it('asks where that is when it begins, and says what is missing, and where the other is now', () => {
    const world = worldOf({ requires: [CHECKOUT] });
    expect(follows(world.commands)).toMatchObject([
      { wanted: [{ rollout: 'checkout-v2', environment: 'production' }], known: null },
    ]);
    expect(blockers(world)).toEqual([
      'stage internal waits until checkout-v2 has reached 25 %: how far it is has not been read yet',
    ]);
    tell(world, MISSING);
    expect(blockers(world)).toEqual([
      'stage internal waits until checkout-v2 has reached 25 %: there is no rollout of checkout-v2 in production yet',
    ]);
    tell(world, sight(5));
    expect(blockers(world)).toEqual([
      'stage internal waits until checkout-v2 has reached 25 %: checkout-v2-3 is in stage 5% and serves 5 %',
    ]);
    expect(world.state.phase).toBe('submitted');
    expect(viewOf(world.state, world.now).next).toContain('checkout-v2-3 is in stage 5%');
    tell(world, sight(25));
    expect(world.state).toMatchObject({ phase: 'active', stage: 0 });
    expect(lines(world)).toContain('note: checkout-v2-3 has reached 25 %, which the plan requires.');
  });

  it('is told of news alone: the next question carries what is known', () => {
    const world = worldOf({ requires: [CHECKOUT] });
    const commands = tell(world, sight(5));
    expect(follows(commands)).toMatchObject([{ id: 2, known: [{ percent: 5 }] }]);
    // An answer to a question that was replaced is none.
    world.event({ kind: 'required', follow: 1, sights: [sight(100)] });
    expect(world.state.required?.sights).toEqual([sight(5)]);
  });

  it('holds the one stage that names it, and no other', () => {
    const plan = planOf({ approvals: {}, policy: { sharedService: 'note' } });
    const stages = plan.stages.map(({ name, percent, audience, decommission }) => ({
      name,
      ...(percent === undefined ? {} : { percent }),
      ...(audience === undefined ? {} : { audience }),
      ...(decommission === undefined ? {} : { decommission: { cleanFor: '10s' } }),
      bake: '10s',
      ...(name === '1%' ? { requires: [{ rollout: 'checkout-v2', reached: 'completed' }] } : {}),
    }));
    const world = worldOf({ stages });
    world.settle();
    expect(world.state.stage).toBe(0);
    tell(world, sight(50));
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(0);
    expect(blockers(world)).toEqual([
      'stage 1% waits until checkout-v2 has reached its end: checkout-v2-3 is in stage 50% and serves 50 %',
    ]);
    tell(world, sight(100, { phase: 'completed' }));
    expect(world.state.stage).toBe(1);
  });

  it('has the others read anew right before a raise, and never rises on what was true once', () => {
    const world = begun('pause');
    world.now += 60_000;
    const before = world.commands.length;
    world.report(assessment('pass'));
    world.settle();
    const asked = world.commands.slice(before);
    expect(follows(asked)).toMatchObject([{ known: null }]);
    expect(asked.some(({ kind }) => kind === 'write')).toBe(false);
    // PostgreSQL is away: no answer comes, whatever else happens.
    for (let round = 0; round < 5; round += 1) {
      world.now += 60_000;
      world.tick();
      world.report(assessment('pass'));
      world.settle();
    }
    expect(world.state.stage).toBe(0);
    expect(follows(world.commands.slice(before))).toHaveLength(1);
    tell(world, sight(25));
    expect(world.state.stage).toBe(1);
  });

  it('asks nobody any more once it is over', () => {
    const world = begun('pause');
    world.person('rollback');
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.commands.filter(({ kind }) => kind === 'unfollow')).toHaveLength(1);
    expect(world.state.follow).toBeNull();
  });
});

describe('when the other one is rolled back after this one has gone on', () => {
  it('`pause` pauses once, and holds the stage also after somebody resumed', () => {
    const world = begun('pause');
    tell(world, undone());
    expect(world.state.pause?.causes).toEqual([
      {
        kind: 'required',
        text: 'checkout-v2-3 was rolled back (errors), and the plan requires that checkout-v2 has reached 25 %',
      },
    ]);
    world.person('resume');
    tell(world, undone());
    expect(world.state.pause).toBeNull();
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(0);
    // A retry brings it back, and what is lost again is another loss.
    tell(world, sight(25, { id: 'checkout-v2-4' }));
    expect(world.state.stage).toBe(1);
    expect(lines(world)).toContain('note: checkout-v2-4 has reached 25 % again, which the plan requires.');
    tell(world, undone());
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'required' }]);
  });

  it.each(['reverting', 'rolled-back'] as const)(
    '`rollback` follows it while it is %s, with the cause',
    (phase) => {
      const world = begun('rollback');
      tell(world, undone('errors', phase));
      expect(world.state.phase).toBe('rolled-back');
      expect(world.flag.exposure).toMatchObject({ percent: 0, segments: [] });
      const line = world.journal.find(({ transition }) => transition === 'rollback-requested');
      expect(line?.cause).toMatchObject({ kind: 'policy', reason: expect.stringContaining('checkout-v2-3') });
    },
  );

  it('`rollback` follows it out of a pause, and asks nobody', () => {
    const world = begun('rollback');
    world.person('pause');
    tell(world, undone());
    expect(world.state.phase).toBe('rolled-back');
  });

  it('`rollback` only pauses where it has just stepped back, and follows when it is rolled back then', () => {
    const world = begun('rollback');
    tell(world, sight(5));
    expect(world.state).toMatchObject({ phase: 'active', pause: { causes: [{ kind: 'required' }] } });
    tell(world, undone());
    expect(world.state.phase).toBe('rolled-back');
  });

  it('`note` says so and goes no further', () => {
    const world = begun('note');
    tell(world, undone());
    expect(world.state.pause).toBeNull();
    expect(lines(world).at(-1)).toBe(
      'note: Goes on, although checkout-v2-3 was rolled back (errors), and the plan requires that checkout-v2 has reached 25 %.',
    );
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(0);
    expect(blockers(world)).toHaveLength(1);
  });

  it('before this one has begun it only waits', () => {
    const world = worldOf({
      requires: [{ ...CHECKOUT, then: 'rollback' }],
      start: { at: '1970-01-02T00:00:00Z' },
    });
    tell(world, sight(25));
    tell(world, undone());
    expect(world.state).toMatchObject({ phase: 'submitted', pause: null });
    expect(blockers(world)).toHaveLength(1);
  });

  it('behind the point of no return it pauses, whatever the plan says', () => {
    const world = begun('rollback');
    for (let round = 0; round < 8 && world.state.stage < 4; round += 1) {
      tell(world, sight(25));
      world.report(assessment('pass'));
      world.person('approve');
      world.settle();
    }
    expect(world.state.stage).toBe(4);
    tell(world, undone());
    expect(world.state).toMatchObject({ phase: 'active', pause: { causes: [{ kind: 'required' }] } });
  });
});

describe('a plan that only watches', () => {
  /** Somebody else has brought its flag to the first stage. */
  function watching(then: string): World {
    const world = worldOf({ mode: 'observe', requires: [{ ...CHECKOUT, then }] });
    expect(follows(world.commands)).toMatchObject([{ known: null, watching: true }]);
    world.drift(0, ['employees']);
    world.sees('ada');
    expect(world.state.stage).toBe(0);
    return world;
  }
  const would = (world: World) => lines(world).filter((line) => line.startsWith('would-'));

  it('would not have gone on before the others are there, and would have once they are', () => {
    const world = watching('pause');
    world.report(assessment('pass'));
    expect(would(world)).toEqual([]);
    tell(world, sight(5));
    expect(would(world)).toEqual([]);
    expect(viewOf(world.state, world.now)).toMatchObject({
      requires: [{ rollout: 'checkout-v2', standing: 'short' }],
      blockers: [],
    });
    tell(world, sight(25));
    expect(would(world)).toEqual([
      'would-advance: Would have gone on from stage internal to 1%: 1 % + employees.',
    ]);
  });

  it.each([
    ['rollback', /^would-stop: Would have been rolled back from stage internal: .*checkout-v2.* 25 %/],
    ['pause', /^would-pause: Would have paused in stage internal: .*checkout-v2.* 25 %/],
  ])('says what `%s` would have done when they go back, and does nothing', (then, line) => {
    const world = watching(then);
    tell(world, sight(25));
    tell(world, undone());
    expect(would(world)).toEqual([expect.stringMatching(line)]);
    expect(world.state).toMatchObject({ phase: 'active', pause: null, stop: null, write: null });
  });
});

it('an amendment that requires more holds at once and has the others read', () => {
  const world = worldOf({});
  world.settle();
  const plan = planOf({ approvals: {}, policy: { sharedService: 'note' }, requires: [CHECKOUT] });
  const commands = world.event({ kind: 'amend', plan, text: '', reason: null, by: 'ada', roles: [] });
  expect(follows(commands)).toMatchObject([{ known: null }]);
  expect(world.state.planRevision).toBe(2);
  // What it never had is no loss: it goes no further.
  tell(world, MISSING);
  expect(world.state.pause).toBeNull();
  world.report(assessment('pass'));
  world.settle();
  expect(world.state.stage).toBe(0);
});

it('a state of before knows of no requirements', () => {
  const world = begun('pause');
  const { follow: _, follows: __, required: ___, requirements: ____, ...old } = world.state;
  const [state, commands] = step(old, { kind: 'tick' }, world.now);
  expect(follows(commands)).toMatchObject([{ known: null }]);
  expect(state.pause).toBeNull();
});

it('asking for more tightens a plan, asking for less or for nothing loosens it', () => {
  const of = (...requires: object[]) => planOf(requires.length === 0 ? {} : { requires });
  const loosens = (before: object[], after: object[]) =>
    planChanges(of(...before), of(...after)).some((change) => change.loosens);
  const half = { rollout: 'checkout-v2', reached: '50%' };
  expect(loosens([], [CHECKOUT])).toBe(false);
  expect(loosens([CHECKOUT], [half])).toBe(false);
  expect(loosens([half], [CHECKOUT])).toBe(true);
  expect(loosens([CHECKOUT], [])).toBe(true);
  expect(loosens([CHECKOUT], [{ ...CHECKOUT, rollout: 'cart' }])).toBe(true);
});
