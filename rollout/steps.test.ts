import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepEvent } from './event.ts';
import { climb, confirm, lift, order, play } from './orders.fixture.ts';
import { nextDeadline } from './step.ts';
import { stepRefusal, stepsLeft } from './steps.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const DAY = 86_400_000;

function done(step: string): StepEvent {
  return { kind: 'step-done', step, by: 'kim', roles: [], reason: 'merged' };
}

/** A rollout that has passed its point of no return. */
function past(steps?: object[], more: object = {}): World {
  const decommission = { cleanFor: '10s', ...(steps === undefined ? {} : { steps }) };
  const stages = [
    { name: '100%', percent: 100, bake: '10s' },
    { name: 'decommission', decommission, bake: '10s' },
  ];
  const metadata = { name: 'pricing', owner: 'shop' };
  const world = new World(planOf({ approvals: {}, metadata, stages, ...more }));
  world.event({ kind: 'begin' });
  for (let round = 0; round < 4; round += 1) {
    world.settle();
    world.report(assessment('pass'));
  }
  confirm(world);
  expect(world.state.phase).toBe('completed');
  return world;
}

const said = (world: World) => world.journal.map(({ transition }) => transition);

describe('the steps behind the point of no return', () => {
  it('are the usual ones by the owner of the plan, where it names none', () => {
    const world = past();
    expect(viewOf(world.state, world.now).steps).toEqual(
      (['check', 'code', 'infrastructure', 'data'] as const).map((kind, i) => ({
        name: kind,
        kind,
        owner: 'shop',
        due: world.now + [7, 14, 30, 30][i]! * DAY,
        done: null,
      })),
    );
    expect(viewOf(world.state, world.now).next).toBe(
      'The rollout is complete; 4 of 4 steps are left: `tidegate steps pricing-1`.',
    );
    expect(world.commands.some(({ kind }) => kind === 'release')).toBe(true);
    expect(viewOf(past([]).state, 0)).not.toHaveProperty('steps');
  });

  it('are reminded of at their day and each week until a person says that they are done', () => {
    const world = past([
      { name: 'drop tables', kind: 'data', owner: 'platform', due: '14d' },
      { name: 'old hosts', kind: 'infrastructure', due: '1970-02-01' },
    ]);
    const from = world.now;
    const hosts = Date.parse('1970-02-01T00:00:00Z');
    const due: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      world.tick();
      due.push(world.now);
    }
    expect(due).toEqual([from + 14 * DAY, from + 21 * DAY, from + 28 * DAY, hosts]);
    expect(world.journal.at(-4)).toMatchObject({
      transition: 'step-due',
      summary: `The step drop tables is left, by platform: it was due Thu 1970-01-15 00:16 UTC. \`tidegate steps done pricing-1 "drop tables"\` ends the reminders.`,
    });
    expect(stepRefusal(world.state, done('nothing'))?.code).toBe('STEP_UNKNOWN');
    world.event(done('drop tables'));
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'step-done',
      cause: { kind: 'person', by: 'kim', reason: 'merged' },
      summary: 'kim has done the step drop tables: merged. 1 of 2 steps is left.',
    });
    expect(stepRefusal(world.state, done('drop tables'))?.code).toBe('NOT_WAITING');
    expect(nextDeadline(world.state, world.now)).toBe(hosts + 7 * DAY);
    world.event(done('old hosts'));
    expect(said(world).slice(-2)).toEqual(['step-done', 'steps-done']);
    expect(nextDeadline(world.state, world.now)).toBeNull();
    expect(viewOf(world.state, world.now).next).toBe('Nothing: the rollout is complete.');
  });

  it('remind once where the clock has jumped, and nobody before their day', () => {
    const world = past();
    world.now += 6 * DAY;
    const before = world.state;
    expect(world.event({ kind: 'tick' })).toEqual([]);
    expect(world.state).toBe(before);
    world.now += 30 * DAY;
    world.event({ kind: 'tick' });
    expect(said(world).filter((one) => one === 'step-due')).toHaveLength(4);
  });

  it('tell whoever hears of the end', () => {
    const world = past(undefined, { notify: [{ channel: 'ops', events: ['completed'] }] });
    world.now += 7 * DAY;
    const commands = world.event({ kind: 'tick' });
    const messages = commands.flatMap((one) => (one.kind === 'record' ? one.request.notifications : []));
    expect(messages).toMatchObject([
      { channel: 'ops', event: 'step-due', title: expect.stringContaining('has a step left that is due') },
    ]);
  });

  it('begin only once somebody has confirmed, and move no flag, whatever the order of events', () => {
    let completed = 0;
    fc.assert(
      fc.property(order, fc.array(fc.constantFrom('check', 'code', 'data')), (moves, steps) => {
        const world = play([lift, ...moves, (at) => climb(at, 6), confirm], () => undefined);
        const { phase } = world.state;
        const asked = world.state.plan.stages.at(-1)?.decommission !== undefined;
        if (phase === 'completed') completed += 1;
        expect(stepsLeft(world.state).length > 0).toBe(asked && phase === 'completed');
        if (asked && phase === 'completed') expect(said(world)).toContain('point-of-no-return');
        const { commands } = world;
        const before = commands.length;
        for (const step of steps) if (stepRefusal(world.state, done(step)) === null) world.event(done(step));
        world.tick();
        if (phase === 'completed')
          expect(commands.slice(before).filter(({ kind }) => kind !== 'record')).toEqual([]);
      }),
      { numRuns: Number(process.env.TIDEGATE_ORDERS ?? 1_500) },
    );
    expect(completed).toBeGreaterThan(0);
  });
});
