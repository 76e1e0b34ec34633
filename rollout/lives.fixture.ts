import type { Plan } from '../plans/plan.ts';
import { type every, type Move, originFor } from './orders.fixture.ts';
import { assessment, World } from './world.fixture.ts';

const EVERY_ROLE = ['lead', 'on-call', 'owner'];

/** The happy way, up to so many stages: random orders seldom pass the approvals of a random plan. */
function rise(world: World, rounds: number): void {
  for (let round = 0; round < rounds && world.state.phase !== 'reverting'; round += 1) {
    world.event({ kind: 'peers', older: [] });
    for (const by of ['kim', 'ada', 'eve']) world.person('approve', by, EVERY_ROLE);
    world.settle();
    world.report(assessment('pass'));
    world.tick();
    world.settle();
  }
}

export function begun(plan: Plan, rounds: number): World {
  const world = new World(plan);
  world.event({ kind: 'begin' });
  rise(world, rounds);
  return world;
}

type Look = Parameters<typeof every>[1];

/** A random order with the happy way before, within and behind it: by chance alone few get beyond checks, hours and others. */
export function lived(plan: Plan, moves: readonly Move[], look: Look): void {
  const world = new World(plan, originFor(moves, plan));
  world.watchers.push((before, event, commands) => look(before, event, commands, world));
  world.event({ kind: 'begin' });
  const half = Math.floor(moves.length / 2);
  for (const some of [[], moves.slice(0, half), moves.slice(half)]) {
    for (const one of some) one(world);
    rise(world, 3);
  }
}
