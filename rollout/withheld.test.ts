import { describe, expect, test } from 'vitest';
import type { Withheld } from '../plans/assessment.ts';
import { climb } from './orders.fixture.ts';
import { reportKey } from './report.ts';
import { assessment, planOf, World } from './world.fixture.ts';

/** Serving 5 %, one stage above the first. */
function atFive(policy: object): World {
  const stages = [1, 5, 25].map((percent) => ({ name: `${percent}%`, percent }));
  const world = new World(planOf({ policy, approvals: {}, stages }));
  world.event({ kind: 'begin' });
  world.settle();
  climb(world, 1);
  expect(world.flag.exposure.percent).toBe(5);
  return world;
}

const held = (withheld: Withheld) => assessment('soft', { withheld });
const lines = (world: World) => world.journal.map(({ transition }) => transition);
const causes = (world: World) => world.state.pause?.causes.map(({ kind }) => kind) ?? [];

describe('a stop that is held back for the noise of the canary', () => {
  test('pauses, and is rolled back by itself once it stands', () => {
    const world = atFive({ soft: 'pause', hard: 'rollback' });
    world.report(held('rollback'));
    world.settle();
    expect([causes(world), world.flag.exposure.percent]).toEqual([['soft'], 5]);
    world.report(assessment('hard'));
    world.settle();
    expect([world.state.phase, world.flag.exposure.percent]).toEqual(['rolled-back', 0]);
    expect(lines(world).filter((one) => one === 'soft-stop' || one === 'hard-stop')).toEqual([
      'soft-stop',
      'hard-stop',
    ]);
  });

  test('is answered by people meanwhile as any soft stop is', () => {
    const world = atFive({ soft: 'pause', hard: 'rollback' });
    world.report(held('rollback'));
    world.person('approve', 'lee');
    expect(world.state.pause).toBeNull();
    expect(lines(world)).toContain('accepted');
  });

  test.each(['rollback', 'step-back'] as const)('pauses also where a soft stop does more: %s', (soft) => {
    const world = atFive({ soft, hard: 'rollback' });
    world.report(held(soft));
    world.settle();
    expect([world.state.phase, causes(world), world.flag.exposure.percent]).toEqual(['active', ['soft'], 5]);
    // Nor while it goes on like this.
    world.report(held(soft));
    world.report(assessment('hold'));
    world.report(held(soft));
    world.settle();
    expect(world.flag.exposure.percent).toBe(5);
    world.report(assessment('soft'));
    world.settle();
    expect(world.flag.exposure.percent).toBe(soft === 'rollback' ? 0 : 1);
    expect(world.state.phase).toBe(soft === 'rollback' ? 'rolled-back' : 'active');
  });

  test('steps back once, and not again for the same stop', () => {
    const world = atFive({ soft: 'step-back', hard: 'rollback' });
    world.report(held('step-back'));
    world.report(assessment('soft'));
    world.settle();
    expect(world.flag.exposure.percent).toBe(1);
    world.report(assessment('soft'));
    world.settle();
    expect([world.state.phase, world.flag.exposure.percent]).toEqual(['active', 1]);
  });

  test('is news to the rollout when it no longer is', () => {
    const key = (withheld?: Withheld) =>
      reportKey(
        {
          assessment: assessment('soft', withheld === undefined ? {} : { withheld }),
          flag: null,
          overdue: false,
        },
        { revision: null, exposure: { percent: 5, segments: [], variant: null }, epoch: 1 },
      );
    expect(key('rollback')).not.toBe(key());
  });
});
