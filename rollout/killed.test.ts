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

it('is told once where both the gate and the server tell of it, and another one beside it', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.settle();
  world.kill();
  world.report(assessment('hold'));
  expect(world.state.phase).toBe('reverting');
  world.event({ kind: 'killed', by: 'kim', reason: 'kill' });
  expect(kills(world)).toHaveLength(1);
  world.event({ kind: 'killed', by: 'sam', reason: 'to be sure' });
  world.event({ kind: 'killed', by: 'sam', reason: 'to be sure' });
  expect(kills(world).map(({ summary }) => summary)).toEqual([
    'Killed by kim: kill.',
    'Killed by sam: to be sure.',
  ]);
  world.settle();
  expect(world.state.phase).toBe('rolled-back');
});

it('is told beside the stop that came before it, once', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.settle();
  world.report(assessment('hard'));
  world.event({ kind: 'killed', by: 'kim', reason: 'kill' });
  world.event({ kind: 'killed', by: 'kim', reason: 'kill' });
  expect(kills(world)).toHaveLength(1);
  expect(world.state.stop?.transition).not.toBe('killed');
});
