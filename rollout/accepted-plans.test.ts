import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excludedNames } from '../plans/exclusion.ts';
import { isServed, leftOut, withinExposure } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import { requirementsOf, standingOf } from '../plans/requires.ts';
import { approvalFor, canaryExposure, isUnserved, stageExposure } from '../plans/stages.ts';
import { ENDED } from '../plans/view.ts';
import { nextOpening } from '../plans/windows.ts';
import { acceptedPlans, severingWatched } from './accepted-plans.fixture.ts';
import { begun, lived } from './lives.fixture.ts';
import { every, type Move, order, originFor, play, raises } from './orders.fixture.ts';
import { nextStage } from './origin.ts';
import { gateRequest } from './progress.ts';
import { assessment, World } from './world.fixture.ts';

/** Random orders per property; `TIDEGATE_ORDERS=100000` for the long run. */
const numRuns = Number(process.env.TIDEGATE_ORDERS ?? 1_500);

/** `TIDEGATE_SEED` draws other plans. Reading one takes longer than playing it: each is played many times. */
const seed = Number(process.env.TIDEGATE_SEED ?? 1);
const plans = acceptedPlans(Math.max(150, Math.min(2_000, numRuns / 10)), seed);
const of = (fits: (plan: Plan) => boolean) => fc.constantFrom(...plans.filter(fits));
const acceptedPlan = of(() => true);
const acting = of(({ mode }) => mode === 'act');

const nobody = () => undefined;

/** Orders with the happy way around them are longer. */
const lives = Math.ceil(numRuns / 4);

describe('no plan that is accepted breaks what must hold', () => {
  it('1: exposure rises to a stage of the plan, after a passed gate and as many approvals as are asked', () => {
    let raised = 0;
    fc.assert(
      fc.property(order, acting, (moves, plan) => {
        lived(plan, moves, (before, _event, commands, { state }) => {
          for (const raise of raises(commands)) {
            raised += 1;
            const { purpose, stage } = state.write ?? { purpose: null, stage: -2 };
            expect(raise.exposure).toEqual(stageExposure(state.plan, stage));
            if (purpose === 'restore') continue;
            if (purpose === 'accept-drift') {
              expect(withinExposure(raise.exposure, before.exposure)).toBe(true);
              continue;
            }
            if (purpose === 'include') {
              expect(stage).toBe(state.stage);
              continue;
            }
            expect(stage).toBe(nextStage(state));
            if (state.stage >= 0) expect(state.gate?.assessment?.verdict).toBe('pass');
            const asked = approvalFor(state.plan, state.stage);
            if (asked === null) continue;
            const given = state.grants.filter((grant) => grant.stage === state.stage);
            const people = new Set(given.map(({ by }) => by)).size;
            const broken = given.some(({ breakGlass }) => breakGlass);
            const needed = typeof asked.quorum === 'number' ? asked.quorum : 1;
            expect(broken || people >= needed).toBe(true);
            const roles = new Set(given.flatMap((grant) => grant.roles));
            if (asked.quorum === 'all' && !broken)
              expect(asked.roles.filter((one) => !roles.has(one))).toEqual([]);
          }
        });
      }),
      { numRuns: lives },
    );
    expect(raised).toBeGreaterThan(0);
  });

  it('1: no stage opens before its time, its checks and what it requires of others, nor for whom the plan excludes', () => {
    const seen = { start: 0, windows: 0, checks: 0, requires: 0, exclude: 0, before: 0 };
    fc.assert(
      fc.property(order, acting, (moves, plan) => {
        lived(plan, moves, (_before, _event, commands, { state, now }) => {
          for (const raise of raises(commands)) {
            if (state.write?.purpose !== 'advance') continue;
            const { stage } = state.write;
            const of = state.plan.stages[stage];
            const served = canaryExposure(state.plan, raise.exposure);
            const out = excludedNames(state.plan);
            if (isServed(served)) expect(leftOut(served)).toEqual(out.toSorted());
            const start = state.plan.start;
            if (start !== undefined) expect(now).toBeGreaterThanOrEqual(Date.parse(start.at));
            expect(nextOpening(of?.windows ?? state.plan.windows, now)).toBeNull();
            const asked = of?.checks ?? [];
            const answers = state.checks?.answers ?? [];
            for (const { name } of asked)
              expect(answers.filter((one) => one.ok).map((one) => one.name)).toContain(name);
            // They were asked for this visit, and for this stage.
            if (asked.length > 0)
              expect([state.checks?.stage, state.checks?.since]).toEqual([stage, state.stageSince]);
            const binding = requirementsOf(state.plan).filter(({ at }) => at <= stage);
            for (const requirement of binding) {
              const sight = state.required?.sights.find(({ rollout }) => rollout === requirement.rollout);
              expect(sight !== undefined && standingOf(requirement, sight) === 'met').toBe(true);
            }
            if (binding.length > 0) expect(now - (state.required?.at ?? 0)).toBeLessThan(15_000);
            seen.start += start === undefined ? 0 : 1;
            seen.windows += of?.windows === undefined ? 0 : 1;
            seen.checks += asked.length;
            seen.requires += binding.length;
            seen.exclude += out.length;
            seen.before += state.plan.before !== undefined && state.stage < 0 ? 1 : 0;
          }
        });
      }),
      { numRuns: lives },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('1: nobody is served by the new path before the first stage that serves', () => {
    const leads = of(({ mode, stages }) => mode === 'act' && isUnserved(stages[0]));
    fc.assert(
      fc.property(order, leads, (moves, plan) => {
        const first = plan.stages.findIndex((one) => !isUnserved(one));
        lived(plan, moves, (_before, _event, commands, { state }) => {
          for (const raise of raises(commands))
            if ((state.write?.stage ?? 0) < first) expect(isServed(raise.exposure)).toBe(false);
        });
      }),
      { numRuns: lives },
    );
  });

  it('1: what the flag serves never exceeds the stage reached, unless somebody else moved it', () => {
    fc.assert(
      fc.property(order, acting, (moves, plan) => {
        let highest = -1;
        let moved = false;
        const world = new World(plan);
        world.watchers.push(() => {
          highest = Math.max(highest, world.state.write?.stage ?? -1, world.state.stage);
        });
        world.event({ kind: 'begin' });
        for (const one of moves) {
          const { revision } = world.flag;
          const writes = world.pending.length;
          one(world);
          if (world.flag.revision !== revision && world.pending.length === writes) moved = true;
          const served = { ...world.flag.exposure, variant: null };
          if (!moved) expect(withinExposure(served, stageExposure(plan, highest))).toBe(true);
        }
      }),
      { numRuns },
    );
  });

  it('2: a stop ends where the plan says: with nobody, or with nobody more than before', () => {
    const stops = fc.constantFrom<['hard' | 'other', Move]>(
      ['hard', (world) => world.report(assessment('hard'))],
      ['other', (world) => void world.person('rollback')],
      ['other', (world) => void world.event({ kind: 'killed', by: 'kim', reason: 'kill' })],
    );
    let stopped = 0;
    fc.assert(
      fc.property(fc.nat({ max: 8 }), stops, acting, (rounds, [kind, stop], plan) => {
        const world = begun(plan, rounds);
        const { state } = world;
        if (state.phase !== 'active' || world.gate === null) return;
        if (kind === 'hard' && plan.policy.hard === 'pause') return;
        // Behind the point of no return there is no way back.
        if (state.plan.stages[state.stage]?.decommission !== undefined) return;
        stopped += 1;
        stop(world);
        // Written on the way, or served: a frozen plan keeps what has been given out.
        const before = [
          world.flag.exposure,
          ...world.pending.map((one) => ('exposure' in one ? one.exposure : world.flag.exposure)),
        ];
        world.settle();
        for (let steps = 0; steps < 50 && world.state.descent != null; steps += 1) {
          // One that takes its time only goes down.
          const { exposure } = world.flag;
          world.tick();
          world.settle();
          expect(withinExposure(world.flag.exposure, exposure)).toBe(true);
        }
        expect(world.state.phase).toBe('rolled-back');
        const { exposure } = world.flag;
        if (plan.reversibility === 'reversible') expect(exposure).toMatchObject({ percent: 0, segments: [] });
        else
          expect(
            before.some((one) => withinExposure({ ...exposure, variant: null }, { ...one, variant: null })),
          ).toBe(true);
      }),
      { numRuns },
    );
    expect(stopped).toBeGreaterThan(0);
  });

  it('3: after a kill nothing is raised', () => {
    fc.assert(
      fc.property(fc.nat({ max: 8 }), order, acting, (rounds, after, plan) => {
        const world = begun(plan, rounds);
        if (world.state.phase !== 'active') return;
        world.kill();
        world.event({ kind: 'killed', by: 'kim', reason: 'kill' });
        const seen = world.commands.length;
        for (const one of after) one(world);
        expect(raises(world.commands.slice(seen))).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('4: no verdict but a pass opens a stage', () => {
    fc.assert(
      fc.property(order, acting, (moves, plan) => {
        every(
          moves,
          (_before, event, commands) => {
            if (event.kind === 'gate' && event.report.assessment.verdict !== 'pass')
              expect(raises(commands)).toEqual([]);
          },
          plan,
        );
      }),
      { numRuns },
    );
  });

  it('5: every journal line has its own number, and a state that was written out decides the same', () => {
    fc.assert(
      fc.property(order, acceptedPlan, (moves, plan) => {
        const straight = play(moves, nobody, plan);
        expect(straight.journal.map(({ seq }) => seq)).toEqual(straight.journal.map((_, at) => at + 1));
        const carried = new World(JSON.parse(JSON.stringify(plan)), originFor(moves, plan));
        carried.event({ kind: 'begin' });
        for (const one of moves) {
          carried.state = JSON.parse(JSON.stringify(carried.state));
          one(carried);
        }
        expect(carried.journal).toEqual(straight.journal);
      }),
      { numRuns: Math.min(numRuns, 300) },
    );
  });

  it('7: a plan that says `wait` does not move up while an older rollout of the service is active', () => {
    const waiting = of(({ mode, policy }) => mode === 'act' && policy.sharedService === 'wait');
    fc.assert(
      fc.property(order, waiting, (moves, plan) => {
        every(
          moves,
          (_before, _event, commands, { state }) => {
            if (raises(commands).length > 0 && state.write?.purpose === 'advance')
              expect(state.peers ?? []).toEqual([]);
          },
          plan,
        );
      }),
      { numRuns },
    );
  });

  it('a plan that only watches writes nothing, and says of each slice once that it would have excluded it', () => {
    const observing = of(({ mode }) => mode === 'observe');
    const severing = fc.constantFrom(...severingWatched(30, seed));
    let excluded = 0;
    const told = (plan: Plan, moves: readonly Move[]) => {
      const world = new World(plan);
      world.event({ kind: 'begin' });
      // Others have brought the flag to its last stage, which is where most can be said.
      const { percent } = stageExposure(plan, plan.stages.length - 1);
      world.drift(percent > 0 ? percent : 5);
      world.sees('ada');
      for (const one of moves) one(world);
      return world;
    };
    fc.assert(
      fc.property(order, fc.oneof(observing, severing), (moves, plan) => {
        for (const world of [play(moves, nobody, plan), told(plan, moves)]) {
          expect(world.commands.filter(({ kind }) => kind === 'write' || kind === 'claim')).toEqual([]);
          const off = world.state.imagined?.excluded ?? [];
          expect(new Set(off.map(({ name }) => name)).size).toBe(off.length);
          const lines = world.journal.filter(({ transition }) => transition === 'would-exclude');
          expect(lines).toHaveLength(off.length);
          expect(world.state.excluded).toBeUndefined();
          const gate = gateRequest(world.state);
          if (gate !== null) for (const { name } of off) expect(excludedNames(gate.plan)).toContain(name);
          excluded += off.length;
        }
      }),
      { numRuns: Math.min(numRuns, 500) },
    );
    expect(excluded).toBeGreaterThan(0);
  });

  it('a rollout that nobody looks after comes to its end', () => {
    fc.assert(
      fc.property(order, acting, (moves, plan) => {
        const world = play(moves, nobody, plan);
        for (let round = 0; round < 120 && !ENDED.includes(world.state.phase); round += 1) {
          world.settle();
          world.report(assessment('soft'));
          world.tick();
        }
        expect(ENDED.includes(world.state.phase) || world.state.stage < 0 || !world.state.claimed).toBe(true);
      }),
      { numRuns: Math.min(numRuns, 300) },
    );
  });
});
