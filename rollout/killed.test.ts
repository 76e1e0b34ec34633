import { expect, it } from 'vitest';
import { assessment, planOf, World } from './world.fixture.ts';

/** A raise is on its way when another process kills the flag. */
function overtaken(): World {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.settle();
  world.report(assessment('pass'));
  expect(world.pending).toMatchObject([{ direction: 'raise' }]);
  world.kill();
  return world;
}

const kills = (world: World) => world.journal.filter(({ transition }) => transition === 'killed');

it('a kill that the rollout learns of by a refused raise is told with who and why', () => {
  const world = overtaken();
  world.settle();
  expect(kills(world)).toMatchObject([
    { cause: { kind: 'flag', reason: 'kim: kill' }, summary: 'Killed by kim: kill.' },
  ]);
});

it('and the same as by the gate’s look at the flag', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.settle();
  world.kill();
  world.report(assessment('hold'));
  expect(kills(world)).toMatchObject([
    { cause: { kind: 'flag', reason: 'kim: kill' }, summary: 'Killed by kim: kill.' },
  ]);
});
