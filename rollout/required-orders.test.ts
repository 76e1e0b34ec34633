import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { ENDED } from '../plans/view.ts';
import { every, type Move, order, play, REQUIRING, raises } from './orders.fixture.ts';
import { assessment, planOf, type World } from './world.fixture.ts';

/** Random orders per property; `TIDEGATE_ORDERS=100000` for the long run. */
const numRuns = Math.ceil(Number(process.env.TIDEGATE_ORDERS ?? 1_500) / 3);

/** Into the first stage, so that there is something to lose. */
const begin: Move = (world) => {
  world.person('approve');
  world.settle();
};
const pass: Move = (world) => world.report(assessment('pass'));

describe('whatever the order of events, a plan that requires another rollout', () => {
  it('opens a stage only on an answer that is seconds old and says that it is there', () => {
    let opened = 0;
    fc.assert(
      fc.property(order, (moves) => {
        let answer: { at: number; share: number | null } | null = null;
        every(
          [begin, pass, ...moves],
          (before, event, commands, world) => {
            if (event.kind === 'required' && event.follow === before.follow?.id)
              answer = { at: world.now, share: event.sights[0]?.id === null ? null : world.share };
            if (raises(commands).length === 0 || world.state.write?.purpose !== 'advance') return;
            opened += 1;
            expect(answer?.share).toBe(25);
            expect(world.now - (answer?.at ?? 0)).toBeLessThan(15_000);
          },
          REQUIRING,
        );
      }),
      { numRuns },
    );
    expect(opened).toBeGreaterThan(numRuns / 2);
  });

  it('follows its rollback at once where it says so, but for the point of no return, and ends with nobody exposed', () => {
    let followed = 0;
    fc.assert(
      fc.property(order, (moves) => {
        const world = play([begin, pass, ...moves], () => undefined, REQUIRING);
        // What was lost is there again, and the answer may open the next stage.
        world.others(25);
        const { phase, stage, plan } = world.state;
        if (phase !== 'active' || stage < 0 || plan.stages[stage]?.decommission !== undefined) return;
        followed += 1;
        world.others(null);
        expect(['reverting', ...ENDED]).toContain(world.state.phase);
        world.settle();
        expect(world.state.phase).toBe('rolled-back');
        expect(world.flag.exposure).toEqual(NO_EXPOSURE);
        const causes = world.journal.filter(({ transition }) => transition === 'rollback-requested');
        expect(causes.at(-1)?.summary).toContain('checkout-1 was rolled back');
      }),
      { numRuns },
    );
    expect(followed).toBeGreaterThan(numRuns / 10);
  });

  it.each(['pause', 'note'])(
    'with `then: %s` is never lowered by the other one, and is rolled back by a person at any time',
    (then) => {
      const plan = planOf({ requires: [{ rollout: 'checkout', reached: '25%', then }] });
      fc.assert(
        fc.property(order, (moves) => {
          const world: World = every(
            [begin, pass, ...moves],
            (_before, event, commands) => {
              const lowers = commands.some(
                ({ kind, ...of }) => kind === 'write' && JSON.stringify(of).includes('"lower"'),
              );
              if (event.kind === 'required') expect(lowers).toBe(false);
            },
            plan,
          );
          if (world.state.phase !== 'active' || world.gate === null) return;
          world.person('rollback');
          world.settle();
          expect(world.state.phase).toBe('rolled-back');
          expect(world.flag.exposure).toEqual(NO_EXPOSURE);
        }),
        { numRuns },
      );
    },
  );
});
