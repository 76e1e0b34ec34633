import { expect, it } from 'vitest';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const limited = (perService: number) =>
  new World(planOf({ approvals: {}, policy: { perService, sharedService: 'note' } }));
const blockers = ({ state, now }: World) => viewOf(state, now).blockers.map(({ text }) => text);

it('a plan over the limit of its service waits for the older ones, by their names, and begins when enough have ended', () => {
  const world = limited(2);
  world.event({ kind: 'begin' });
  expect(world.commands.filter(({ kind }) => kind === 'peers')).toHaveLength(1);
  world.event({ kind: 'peers', older: ['search-4', 'cart-1'] });
  world.settle();
  expect(world.state.phase).toBe('submitted');
  expect(blockers(world)).toEqual(['shop has 2 rollouts at a time: waits for an end of search-4, cart-1']);
  expect(nextDeadline(world.state, world.now)).toBe(world.now + 15_000);
  world.tick();
  expect(world.commands.filter(({ kind }) => kind === 'peers')).toHaveLength(2);
  world.event({ kind: 'peers', older: ['cart-1'] });
  world.settle();
  expect(world.state).toMatchObject({ phase: 'active', stage: 0 });
});

it('whoever has begun is not held up by the limit', () => {
  const world = limited(1);
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  world.event({ kind: 'peers', older: ['cart-1'] });
  world.report(assessment('pass'));
  world.settle();
  expect(world.state.stage).toBe(1);
});

const asked = ({ commands }: World) => commands.filter(({ kind }) => kind === 'peers').length;

it('whoever waits has the peers read again before the checks, which come last', () => {
  const stages = [
    {
      name: '5%',
      percent: 5,
      checks: [{ name: 'ready', http: { url: 'https://status.example.com/' } }],
    },
  ];
  const world = new World(planOf({ approvals: {}, policy: { sharedService: 'wait' }, stages }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: ['cart-1'] });
  expect(nextDeadline(world.state, world.now)).toBe(world.now + 15_000);
  world.tick();
  expect(asked(world)).toBe(2);
  world.event({ kind: 'peers', older: [] });
  world.settle();
  expect(world.state.stage).toBe(0);
});

it('whoever waits for something else too learns that an older one has ended, and nobody is asked more often than that', () => {
  const world = new World(
    planOf({ approvals: {}, policy: { sharedService: 'wait' }, windows: { allow: ['Thu 00:00-23:00'] } }),
  );
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: ['cart-1'] });
  // The window shuts while it waits.
  world.now = Date.parse('1970-01-01T23:00:00Z');
  world.event({ kind: 'tick' });
  const before = asked(world);
  expect(blockers(world)).toEqual([
    'waits for cart-1, which moves the same service',
    'outside the windows of the plan',
  ]);
  expect(nextDeadline(world.state, world.now)).toBe(world.now + 300_000);
  for (let at = 0; at < 12; at += 1) {
    world.now += 30_000;
    world.event({ kind: 'tick' });
  }
  expect(asked(world)).toBe(before + 1);
  world.event({ kind: 'peers', older: [] });
  expect(blockers(world)).toEqual(['outside the windows of the plan']);
  expect(nextDeadline(world.state, world.now)).toBe(Date.parse('1970-01-08T00:00:00Z'));
});

it('what was found at the submit stands in the journal', () => {
  const world = limited(1);
  world.event({ kind: 'begin', notes: ['cart-1 moves shop as well'] });
  expect(world.journal.map(({ transition, summary }) => [transition, summary])).toEqual([
    ['submitted', 'sam submitted pricing.'],
    ['note', 'cart-1 moves shop as well'],
  ]);
});

it('by default it waits for those alone whose users its metrics count with its own', () => {
  const world = new World(planOf({ approvals: {}, policy: { sharedService: 'apart' } }));
  world.event({ kind: 'begin' });
  expect(world.commands.find(({ kind }) => kind === 'peers')).toMatchObject({ apart: true });
  world.event({ kind: 'peers', older: ['cart-1', 'search-4'], mixed: ['cart-1'] });
  expect(blockers(world)).toEqual([
    'waits for cart-1, which moves the same service and whose users the metrics count with its own',
  ]);
  expect(nextDeadline(world.state, world.now)).toBe(world.now + 15_000);
  world.tick();
  world.event({ kind: 'peers', older: ['search-4'], mixed: [] });
  world.settle();
  expect(world.state).toMatchObject({ phase: 'active', stage: 0 });
});
