import { describe, expect, it } from 'vitest';
import { assessment, planOf, World } from './world.fixture.ts';

/** A rollout at 1 % that has just stepped back to the internal stage while PostgreSQL was away. */
function steppedBack(): World {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  world.report(assessment('pass'));
  world.settle();
  expect(world.state.stage).toBe(1);
  world.person('step-back');
  world.offline(0);
  world.settle();
  expect(world.state).toMatchObject({ stage: 0, offline: 1 });
  return world;
}

describe('a step down that stood on disk', () => {
  it('is known as the rollout\u2019s own once PostgreSQL has it', () => {
    const world = steppedBack();
    const known = world.state.flagRevision;
    expect(world.flag.revision).toBe((known ?? 0) + 1);
    world.person('resume');
    world.report(assessment('pass'));
    world.settle();
    expect(world.journal.map(({ transition }) => transition)).not.toContain('drift');
    expect(world.state).toMatchObject({ stage: 1, pause: null, offline: 0 });
  });

  it('is known also when the next raise meets it before a gate has', () => {
    const world = steppedBack();
    // The gate could not read the flag, and a raise is refused because the revision has moved.
    world.person('resume');
    world.report(assessment('pass'), { flag: null });
    world.settle();
    expect(world.state).toMatchObject({ stage: 1, pause: null });
  });

  it('does not hide what somebody else did meanwhile', () => {
    for (const percent of [0, 40]) {
      const world = steppedBack();
      world.drift(percent);
      world.report(assessment('hold'));
      expect(world.state.pause?.causes.map(({ kind }) => kind)).toContain('drift');
    }
  });
});
