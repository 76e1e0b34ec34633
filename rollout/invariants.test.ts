import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excludedNames } from '../plans/exclusion.ts';
import {
  type Exposure,
  isNobody,
  isServed,
  leavingOut,
  leftOut,
  NO_EXPOSURE,
  sameExposure,
  withinExposure,
} from '../plans/exposure.ts';
import { stageLease } from '../plans/lease.ts';
import { severable } from '../plans/slices.ts';
import { containedStage, stageExposure } from '../plans/stages.ts';
import { ENDED } from '../plans/view.ts';
import { nextOpening } from '../plans/windows.ts';
import { granted } from './blockers.ts';
import { drillRuns } from './drill-facts.ts';
import type { PersonEvent } from './event.ts';
import { GATE_AUTHOR } from './flag.ts';
import {
  type Asked,
  abandon,
  abandonLowered,
  acceptSplit,
  badSplit,
  climb,
  confirm,
  drifted,
  drill,
  every,
  exclusion,
  isQuiet,
  LEASED,
  lift,
  type Move,
  order,
  originFor,
  planFor,
  play,
  raises,
  SEVERING,
  slowly,
  TIMED,
  takenOff,
  worsened,
} from './orders.fixture.ts';
import { approvalsTo, firstStage } from './origin.ts';
import { refusal, subjectOf } from './refusals.ts';
import type { RolloutState } from './state.ts';
import { assessment, planOf, World } from './world.fixture.ts';

/** Random orders per property; `TIDEGATE_ORDERS=100000` for the long run. */
const numRuns = Number(process.env.TIDEGATE_ORDERS ?? 1_500);

/** Back at a soft stop, and up again by itself where the plan says so. */
const stepBack: Move = (world) => {
  world.report(assessment('soft'));
  world.settle();
  world.tick();
  world.report(assessment('pass'));
  world.settle();
};

describe('whatever the order of events', () => {
  it('1: exposure rises only by one stage of the plan, after a passed gate and the approvals asked for', () => {
    fc.assert(
      fc.property(order, (moves) => {
        every(moves, (before, _event, commands, { state }) => {
          for (const raise of raises(commands)) {
            const { purpose, stage } = state.write ?? { purpose: null, stage: -2 };
            expect(sameExposure(raise.exposure, stageExposure(state.plan, stage))).toBe(true);
            if (purpose === 'restore') continue;
            if (purpose === 'include') {
              expect(stage).toBe(before.stage);
              expect(leavingOut(raise.exposure, leftOut(before.exposure))).toEqual(before.exposure);
              expect(['pass', 'hold']).toContain(state.gate?.assessment?.verdict);
              expect(state.pause).toBeNull();
              continue;
            }
            if (purpose === 'accept-drift') {
              expect(withinExposure(raise.exposure, before.exposure)).toBe(true);
              expect(stage).toBeLessThanOrEqual(before.stage);
              continue;
            }
            expect(stage).toBe(state.stage < 0 ? firstStage(state) : state.stage + 1);
            if (state.stage < 0)
              expect(approvalsTo(state.plan, -1, stage).every((one) => granted(state, one))).toBe(true);
            if (state.stage >= 0) expect(state.gate?.assessment?.verdict).toBe('pass');
            const approval = state.stage < 0 || state.plan.stages[state.stage]?.approval !== undefined;
            const given = state.grants.filter((grant) => grant.stage === state.stage);
            // Who submitted it can only break the glass, and what that opened is left only once it is confirmed.
            if (approval) expect(given.some(({ by, breakGlass }) => breakGlass || by !== 'sam')).toBe(true);
            expect((state.glass ?? []).filter(({ holds }) => state.stage >= holds)).toEqual([]);
          }
        });
      }),
      { numRuns },
    );
  });

  it('1: no stage opens before its checks have answered as expected, asked for this visit, nor before its time', () => {
    let opened = 0;
    let rests = 0;
    fc.assert(
      // Random orders seldom rest after a step back: three of four begin with one, or with more than the plan allows.
      fc.property(order, fc.nat({ max: 3 }), (moves, steps) => {
        const asked: { out: Asked | null; good: Asked | null } = { out: null, good: null };
        const world = every(
          [lift, ...Array.from({ length: steps }, () => stepBack), ...moves],
          (before, event, commands, { state, now }) => {
            if (
              event.kind === 'checked' &&
              event.run === asked.out?.run &&
              event.answers.every(({ ok }) => ok)
            )
              asked.good = asked.out;
            for (const command of commands)
              if (command.kind === 'check')
                asked.out = {
                  run: command.request.run,
                  stage: command.request.stage,
                  since: state.stageSince,
                };
            if (raises(commands).length === 0 || state.write?.purpose !== 'advance') return;
            opened += 1;
            const stage = state.plan.stages[state.write.stage];
            if (stage?.checks !== undefined)
              expect(asked.good).toMatchObject({ stage: stage.name, since: before.stageSince });
            expect(now).toBeGreaterThanOrEqual(Date.parse('1970-01-01T00:20:00Z'));
            expect(nextOpening(stage?.windows ?? state.plan.windows, now)).toBeNull();
            expect(now).toBeGreaterThanOrEqual(state.retreat?.until ?? 0);
          },
          TIMED,
        );
        rests = Math.max(rests, world.state.retreat?.used ?? 0);
      }),
      // Time zones cost.
      { numRuns: Math.ceil(numRuns / 3) },
    );
    expect(opened).toBeGreaterThan(0);
    // All that `policy.retry` allows, and none beyond.
    expect(rests).toBe(2);
  });

  it('1: what the flag serves never exceeds the stage reached, unless somebody else moved it', () => {
    fc.assert(
      fc.property(order, (moves) => {
        let highest = -1;
        let moved = false;
        const world = new World(planFor(moves), originFor(moves, planFor(moves)));
        world.watchers.push(() => {
          highest = Math.max(highest, world.state.write?.stage ?? -1, world.state.stage);
        });
        world.event({ kind: 'begin' });
        for (const one of moves) {
          const { revision } = world.flag;
          const writes = world.pending.length;
          one(world);
          // A revision that no write of ours made.
          if (world.flag.revision !== revision && world.pending.length === writes) moved = true;
          if (!moved)
            expect(
              withinExposure(world.flag.exposure, leavingOut(stageExposure(world.state.plan, highest), [])),
            ).toBe(true);
        }
      }),
      { numRuns },
    );
  });

  it('2: a hard stop, a rollback or a kill asks for the lowering write at once and ends with nobody exposed', () => {
    const stops = fc.constantFrom<Move>(
      (world) => world.report(assessment('hard')),
      (world) => void world.person('rollback'),
      (world) => void world.event({ kind: 'killed', by: 'kim', reason: 'kill' }),
    );
    fc.assert(
      fc.property(order, stops, (moves, stop) => {
        const world = play(moves, () => undefined);
        const claimed = world.state.claimed;
        const moving = world.state.phase === 'active' && world.gate !== null;
        if (!moving) return;
        const seen = world.commands.length;
        stop(world);
        const lowered = world.commands
          .slice(seen)
          .some((command) => command.kind === 'write' && command.request.direction === 'lower');
        if (claimed)
          expect(lowered || world.state.phase === 'reverting' || ENDED.includes(world.state.phase)).toBe(
            true,
          );
        world.settle();
        expect(world.state.phase).toBe('rolled-back');
        expect(world.flag.exposure).toEqual(NO_EXPOSURE);
      }),
      { numRuns },
    );
  });

  it('2: once a stop has reached the flag no raise that was on its way lands, whatever the stop leaves', () => {
    const frozen = { reversibility: 'forward-only', safeExposure: 'frozen', approvals: {} };
    let raced = 0;
    fc.assert(
      fc.property(order, fc.boolean(), fc.array(fc.nat({ max: 3 })), (moves, freezes, landings) => {
        const world = play(moves, () => undefined, freezes ? planOf(frozen) : planOf({ approvals: {} }));
        if (world.flag.latched || world.state.phase !== 'active') return;
        world.person('rollback');
        if (world.pending.length < 2) return;
        let down: Exposure | null = null;
        for (const at of [...landings, 0, 0, 0, 0, 0, 0]) {
          const last = world.pending[at % Math.max(1, world.pending.length)];
          world.land(at);
          // Whom somebody has taken off meanwhile may still be left out.
          if (down !== null) expect(withinExposure(world.flag.exposure, down)).toBe(true);
          if (last !== undefined && 'final' in last && down === null) {
            down = world.flag.exposure;
            if (world.pending.length > 0) raced += 1;
          }
        }
      }),
      { numRuns },
    );
    expect(raced).toBeGreaterThan(0);
  });

  it('2: neither a pause nor a closed window nor a missing approval delays a stop', () => {
    const plan = planOf({ windows: { allow: ['Mon 00:00-00:01'] }, approvals: {} });
    const world = new World(plan);
    world.now = Date.parse('2026-03-02T00:00:30Z');
    world.event({ kind: 'begin' });
    world.event({ kind: 'peers', older: [] });
    world.settle();
    expect(world.state.stage).toBe(0);
    world.now += 3_600_000;
    world.person('pause');
    world.report(assessment('hard'));
    expect(world.pending).toHaveLength(1);
    world.settle();
    expect(world.flag.exposure).toMatchObject({ percent: 0, segments: [] });
  });

  it('3: after a kill nothing raises the flag', () => {
    fc.assert(
      fc.property(order, order, (before, after) => {
        const world = play(before, () => undefined);
        world.kill();
        world.watchers.push((_state, event, commands) => {
          if (event.kind === 'killed' || world.state.phase === 'reverting')
            expect(raises(commands)).toEqual([]);
        });
        for (const one of after) {
          const { revision, exposure } = world.flag;
          const drifting = world.pending.length;
          one(world);
          // A step down that was on its way may still lower what somebody else has set since.
          if (world.pending.length < drifting && world.flag.revision > revision)
            expect(withinExposure(world.flag.exposure, exposure)).toBe(true);
        }
      }),
      { numRuns },
    );
  });

  it('4: no data, bad data or a dead source never opens a stage', () => {
    fc.assert(
      fc.property(
        order,
        fc.constantFrom<'hold' | 'no-data' | 'soft'>('hold', 'no-data', 'soft'),
        (moves, verdict) => {
          every(moves, (before, event, commands, world) => {
            // Somebody who is let in again joins a stage that is open already.
            if (world.state.write?.purpose === 'include') return;
            if (event.kind === 'gate' && event.report.assessment.verdict !== 'pass')
              expect(raises(commands)).toEqual([]);
            if (
              before.gate?.assessment !== null &&
              before.gate?.assessment?.verdict === verdict &&
              before.stage >= 0
            ) {
              const passed = event.kind === 'gate' && event.report.assessment.verdict === 'pass';
              const restored =
                event.kind === 'person' && (event.action === 'resume' || event.action === 'accept-drift');
              if (!passed && !restored && event.kind !== 'tick') expect(raises(commands)).toEqual([]);
            }
          });
        },
      ),
      { numRuns },
    );
  });

  it('5: every journal line has its own number, and every revision that a write made stands in it once', () => {
    fc.assert(
      fc.property(order, (moves) => {
        const landed: number[] = [];
        const world = every(moves, (before, event, _commands, { state }) => {
          if (
            event.kind === 'written' &&
            event.after !== event.before &&
            event.after !== null &&
            !ENDED.includes(before.phase)
          )
            landed.push(event.after);
          // What the gate wrote itself while nobody answered, where nobody else had moved the flag.
          if (event.kind === 'gate' && event.report.flag?.by === GATE_AUTHOR) {
            const { flagRevision, pause } = state;
            const moved = flagRevision !== before.flagRevision;
            if (moved && flagRevision !== null && pause === before.pause) landed.push(flagRevision);
          }
        });
        expect(world.journal.map(({ seq }) => seq)).toEqual(world.journal.map((_, at) => at + 1));
        const told = world.journal
          .filter(({ flagAfter, flagBefore }) => flagAfter !== null && flagAfter !== flagBefore)
          .map(({ flagAfter }) => flagAfter);
        expect(new Set(told).size).toBe(told.length);
        expect([...told].sort()).toEqual([...landed].sort());
      }),
      { numRuns },
    );
  });

  it('6: what is recorded or sent is never waited for', () => {
    // The world never answers a record, and rollouts reach their end all the same.
    const world = new World(
      planOf({
        approvals: {},
        notify: [{ channel: 'dead', events: ['submitted', 'advanced', 'completed'] }],
      }),
    );
    world.event({ kind: 'begin' });
    for (let round = 0; round < 20 && world.state.phase !== 'completed'; round += 1) {
      world.event({ kind: 'peers', older: [] });
      world.settle();
      world.report(assessment('pass'));
      world.person('approve');
      confirm(world);
      world.settle();
    }
    expect(world.state.phase).toBe('completed');
    expect(world.commands.filter(({ kind }) => kind === 'record').length).toBeGreaterThan(5);
  });

  it('7: while an older rollout of the same service is active, a plan that says `wait` does not move up', () => {
    const plan = planOf({ policy: { sharedService: 'wait' } });
    fc.assert(
      fc.property(order, (moves) => {
        every(
          moves,
          (_before, _event, commands, { state }) => {
            if (raises(commands).length > 0 && state.write?.purpose === 'advance')
              expect(state.peers).toEqual([]);
          },
          plan,
        );
      }),
      { numRuns },
    );
  });

  it('8: a flag that somebody else moved pauses the rollout, and stays as it is until a person resumes', () => {
    fc.assert(
      fc.property(order, fc.constantFrom(0.5, 42), (moves, percent) => {
        const world = play(moves, () => undefined);
        if (
          world.state.phase !== 'active' ||
          world.gate === null ||
          world.state.write !== null ||
          world.flag.latched
        )
          return;
        if (world.pending.length > 0 || world.answers.length > 0 || world.state.descent != null) return;
        world.drift(percent);
        world.report(assessment('pass'));
        expect(world.state.pause?.causes.some(({ kind }) => kind === 'drift')).toBe(true);
        // Whoever is off the canary is left out of what the others set too, and nothing else is changed.
        world.settle();
        world.report(assessment('pass'));
        expect(world.pending).toEqual([]);
        expect(world.flag.exposure.percent).toBe(percent);
        expect(leftOut(world.flag.exposure)).toEqual(excludedNames(world.state.plan).sort());
      }),
      { numRuns },
    );
  });

  it('8: a drift that is accepted raises nothing, goes to no stage beyond the present one, and stands once with who and why', () => {
    const seen = { refused: 0, kept: 0, lowered: 0 };
    fc.assert(
      fc.property(order, fc.nat({ max: 4 }), drifted, (moves, stages, [percent, segments]) => {
        const world = play(moves, () => undefined);
        climb(world, stages);
        if (!isQuiet(world)) return;
        world.drift(percent, segments);
        world.report(assessment('pass'));
        world.settle();
        const before = world.state;
        const who = { by: 'kim', roles: [], reason: 'known', accept: null, breakGlass: false };
        const event: PersonEvent = { kind: 'person', action: 'accept-drift', ...who };
        const no = refusal(before, event);
        const commands = world.event(event);
        const { state } = world;
        const lines = commands
          .flatMap((command) => (command.kind === 'record' ? command.request.entries : []))
          .filter(({ transition }) => transition === 'drift-accepted');
        const wrote = commands.filter(({ kind }) => kind === 'write');
        const allowed = withinExposure(world.flag.exposure, stageExposure(before.plan, before.stage));
        if (no !== null) {
          seen.refused += 1;
          expect([no.code, lines, wrote, state.stage]).toEqual(['FLAG_DRIFT', [], [], before.stage]);
          expect(allowed && containedStage(before.plan, before.exposure, before.stage) >= 0).toBe(false);
          return;
        }
        expect(allowed).toBe(true);
        expect(lines).toMatchObject([{ cause: { kind: 'person', by: 'kim', reason: 'known' } }]);
        expect(state.pause?.causes.some(({ kind }) => kind === 'drift') ?? false).toBe(false);
        expect(state.grants).toEqual([]);
        const served = world.flag.exposure;
        if (wrote.length === 0) seen.kept += 1;
        else seen.lowered += 1;
        world.settle();
        const { stage } = world.state;
        expect(stage).toBeLessThanOrEqual(before.stage);
        expect(world.flag.exposure).toEqual(stageExposure(state.plan, stage));
        expect(world.state.exposure).toEqual(world.flag.exposure);
        expect(withinExposure(world.flag.exposure, served)).toBe(true);
        if (stage < before.stage)
          expect(withinExposure(stageExposure(state.plan, stage + 1), served)).toBe(false);
        // What the flag serves is the rollout's own again: the gate that watches now finds nothing moved.
        const writes = world.pending.length;
        world.report(assessment('hold'));
        expect(world.state.pause?.causes.some(({ kind }) => kind === 'drift') ?? false).toBe(false);
        expect(world.pending).toHaveLength(writes);
      }),
      { numRuns },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('8: a drift that nobody answers is never raised, neither by a step back nor by what follows', () => {
    fc.assert(
      fc.property(order, fc.nat({ max: 4 }), drifted, (moves, stages, [percent, segments]) => {
        const world = play(moves, () => undefined);
        climb(world, stages);
        if (!isQuiet(world)) return;
        world.drift(percent, segments);
        const there = world.flag.exposure;
        world.report(assessment('hold'));
        for (let round = 0; round < 40 && !ENDED.includes(world.state.phase); round += 1) {
          world.tick();
          world.settle();
          expect(withinExposure(world.flag.exposure, there)).toBe(true);
        }
        expect(ENDED).toContain(world.state.phase);
      }),
      { numRuns },
    );
  });

  it('nobody who had the canary of a forward-only plan gets the baseline, unless somebody else moves the flag', () => {
    const safe = {
      reversibility: 'forward-only',
      safeExposure: { variant: 'paused' },
      flag: { key: 'pricing', variants: { on: true, off: false, paused: 'paused' } },
    };
    const plans = fc.constantFrom(
      planOf({ ...safe, approvals: {} }),
      planOf({ ...safe, approvals: {}, lease: '10m', policy: { soft: 'step-back' } }),
    );
    let steps = 0;
    fc.assert(
      fc.property(order, plans, (moves, plan) => {
        const world = new World(plan);
        let had = NO_EXPOSURE;
        world.event({ kind: 'begin' });
        const opening: Move[] = [1, 2, 3].flatMap(() => [
          (at) => at.settle(),
          (at) => at.report(assessment('pass')),
        ]);
        for (const one of [...opening, ...moves]) {
          const { revision } = world.flag;
          const out = world.pending.length;
          one(world);
          const { exposure, lapsed } = world.flag;
          const foreign = !opening.includes(one) && world.pending.length === out;
          if (world.flag.revision !== revision && foreign && !lapsed) break;
          expect(withinExposure(had, { ...exposure, variant: null })).toBe(true);
          if (exposure.variant === null) had = exposure;
        }
        steps += world.journal.filter(({ transition }) => transition === 'stepped-back').length;
      }),
      { numRuns },
    );
    expect(steps).toBeGreaterThan(0);
  });

  it('a lease that runs out only lowers, is told as one, and raises nothing again before a person resumes', () => {
    let proven = 0;
    fc.assert(
      fc.property(order, fc.nat({ max: 5 }), (moves, stages) => {
        const world = play(moves, () => undefined, LEASED);
        climb(world, stages);
        const { state, flag } = world;
        const moving = state.write !== null || world.pending.length > 0 || world.answers.length > 0;
        if (state.phase !== 'active' || world.gate === null || moving) return;
        if (state.flagRevision !== flag.revision) return;
        // What a stage serves for good no clock takes back, whether it was written or there already.
        if (stageLease(state.plan, state.stage) === null) {
          proven += 1;
          expect(flag.fallback).toBeNull();
        }
        if (flag.fallback === null) return;
        // Somebody is to have the canary again, and the flag does not give it yet.
        if (!sameExposure(flag.exposure, stageExposure(state.plan, state.stage))) return;
        const before = flag.exposure;
        world.lapse();
        expect(withinExposure(world.flag.exposure, before)).toBe(true);
        expect(world.flag.exposure).toEqual(stageExposure(state.plan, state.stage - 1));
        world.report(assessment('pass'));
        const told = world.journal.filter(({ transition }) => transition === 'drift').at(-1);
        expect(told?.summary).toContain('the lease ran out');
        world.report(assessment('pass'));
        expect(world.pending).toEqual([]);
        // On its way back it waits for nobody, and goes further down by itself.
        if (state.descent != null) return;
        expect(world.state.pause?.causes.some(({ text }) => text.includes('the lease ran out'))).toBe(true);
        world.person('resume');
        // Refused where something graver than the lease has paused it too.
        if (world.state.pause !== null) return;
        const [write] = world.pending;
        expect(write).toMatchObject({ exposure: before, direction: 'raise', lease: { seconds: 600 } });
      }),
      { numRuns },
    );
    expect(proven).toBeGreaterThan(0);
  });

  it('an accepted split moves no flag and no stage, gives no approval, and stands in the journal once with who and why', () => {
    let accepted = 0;
    fc.assert(
      fc.property(order, (moves) => {
        // Random orders seldom come to it by themselves: each ends with it, wherever it has got to.
        every([...moves, badSplit, acceptSplit], (before, event, commands, { state }) => {
          if (event.kind !== 'person' || event.action !== 'approve' || subjectOf(before) !== 'split') return;
          if (refusal(before, event) !== null) return;
          const lines = commands
            .flatMap((command) => (command.kind === 'record' ? command.request.entries : []))
            .filter(({ transition }) => transition === 'accepted');
          accepted += lines.length;
          expect(lines).toMatchObject([{ cause: { kind: 'person', by: event.by, reason: event.reason } }]);
          expect(commands.filter(({ kind }) => kind === 'write')).toEqual([]);
          expect([state.exposure, state.stage, state.grants]).toEqual([
            before.exposure,
            before.stage,
            before.grants,
          ]);
          expect(state.acceptances).toEqual(before.acceptances);
          // The gate is watched on, with the split that was accepted.
          expect(commands.filter(({ kind }) => kind === 'watch')).toHaveLength(1);
        });
      }),
      { numRuns },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  const runsForNobody = (exposure: Exposure) => exposure.mode === 'shadow' || isNobody(exposure);

  it('whoever is taken off the canary stays off it, at once and in every later stage, until a second person agrees', () => {
    const seen = { overtook: 0, kept: 0 };
    fc.assert(
      fc.property(order, fc.nat({ max: 4 }), order, (moves, stages, after) => {
        const world = play(moves, () => undefined);
        const { phase, write } = world.state;
        if (phase !== 'active' || world.flag.latched || world.state.excluded?.length) return;
        if (write?.purpose === 'advance') seen.overtook += 1;
        const before = world.commands.length;
        exclusion('tenant=globex')(world);
        // Where nobody is served yet there is nobody to be left out before it lands.
        if (write?.purpose === 'advance' && world.state.stage >= 0 && !runsForNobody(world.state.exposure))
          expect(world.commands.slice(before)).toContainEqual(
            expect.objectContaining({
              kind: 'write',
              request: expect.objectContaining({ direction: 'lower' }),
            }),
          );
        climb(world, stages);
        for (const one of after) one(world);
        world.settle();
        if (world.state.phase !== 'active' || !world.state.claimed || world.flag.latched) return;
        if (world.flag.revision !== world.state.flagRevision || world.state.write !== null) return;
        const { exposure } = world.flag;
        const out = world.state.excluded?.map(({ name }) => name) ?? [];
        if (runsForNobody(exposure)) return;
        seen.kept += 1;
        expect(leftOut(exposure)).toEqual(expect.arrayContaining(out));
      }),
      { numRuns },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('a slice that gets worse alone is off the canary at once, or the whole stops: never more than the plan bears', () => {
    const seen = { off: 0, stopped: 0, alone: 0 };
    const slice = fc.constantFrom('tenant=acme', 'tenant=globex', 'tier=beta');
    fc.assert(
      fc.property(
        order,
        fc.nat({ max: 4 }),
        slice,
        fc.constantFrom(0.02, 0.06, 0.5),
        fc.boolean(),
        (moves, stages, of, share, silent) => {
          const world = play(moves, () => undefined, SEVERING);
          climb(world, stages);
          if (world.state.phase !== 'active' || world.gate === null || world.flag.latched) return;
          if (!severable(world.state.plan).has(of)) return;
          const before = world.commands.length;
          const began = world.flag.revision;
          const known = began === world.state.flagRevision;
          const paused = world.state.pause?.causes.length ?? 0;
          const lines = world.journal.length;
          // Nobody answers the gate, which has taken them off the flag before it is heard.
          if (silent) takenOff(of, share)(world);
          else worsened(of, share)(world);
          const { revision } = world.flag;
          if (known && revision > began && world.state.flagRevision === revision) {
            seen.alone += 1;
            expect(world.state.pause?.causes.length ?? 0).toBeLessThanOrEqual(paused);
            expect(world.journal.slice(lines).filter(({ flagAfter }) => flagAfter === revision)).toHaveLength(
              1,
            );
          }
          const commands = world.commands.slice(before);
          expect(raises(commands)).toEqual([]);
          const name = of === 'tier=beta' ? 'beta' : of;
          const off = (world.state.excluded ?? []).filter((one) => one.slice !== undefined);
          expect(off.length).toBeLessThanOrEqual(2);
          expect(off.reduce((left, one) => left * (1 - (one.share ?? 0)), 1)).toBeGreaterThanOrEqual(
            0.9 - 1e-9,
          );
          if (world.state.phase === 'active') {
            seen.off += 1;
            expect(excludedNames(world.state.plan)).toContain(name);
            world.settle();
            // An older write that did not land is tried again, and the one for this slice follows it.
            for (let tries = 0; tries < 5 && world.state.write !== null; tries += 1) {
              world.tick();
              world.settle();
            }
            const { phase, claimed, exposure } = world.state;
            if (
              phase === 'active' &&
              claimed &&
              isServed(exposure) &&
              world.flag.revision === world.state.flagRevision
            )
              expect(leftOut(world.flag.exposure)).toContain(name);
            return;
          }
          seen.stopped += 1;
          world.settle();
          expect(world.state.phase).toBe('rolled-back');
        },
      ),
      { numRuns },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('nobody is given the canary again by whoever asks for it alone', () => {
    fc.assert(
      fc.property(order, (moves) => {
        every(
          [lift, exclusion('beta'), exclusion('beta'), ...moves],
          (before, event, _commands, { state }) => {
            const count = (of: RolloutState) => of.excluded?.length ?? 0;
            if (count(state) >= count(before)) return;
            expect(event).toMatchObject({ kind: 'person', action: 'approve' });
            expect(before.amendment?.include).toBeDefined();
            const { by, breakGlass } = event as PersonEvent;
            if (!breakGlass) expect(by).not.toBe(before.amendment?.by.by);
          },
        );
      }),
      { numRuns },
    );
  });

  it('2: a rollback that takes its time only goes down, by itself, and is immediate once anything graver comes', () => {
    const seen = { slow: 0, steps: 0, hastened: 0 };
    const grave = fc.constantFrom<Move | null>(
      null,
      (world) => world.report(assessment('hard')),
      (world) => void world.person('rollback'),
      (world) => void world.event({ kind: 'killed', by: 'kim', reason: 'kill' }),
    );
    fc.assert(
      fc.property(order, fc.nat({ max: 4 }), order, grave, (moves, stages, after, last) => {
        const world = play(moves, () => undefined);
        climb(world, stages);
        slowly(600)(world);
        if (world.state.descent == null) return;
        seen.slow += 1;
        world.watchers.push((before, _event, commands) => {
          if (before.descent != null || before.phase === 'reverting') expect(raises(commands)).toEqual([]);
        });
        for (const one of after.slice(0, 30)) one(world);
        if (world.state.descent != null && last !== null && world.gate !== null) {
          seen.hastened += 1;
          last(world);
          expect(['reverting', ...ENDED]).toContain(world.state.phase);
        }
        // Nobody has to do anything for it to end.
        for (let round = 0; round < 60 && !ENDED.includes(world.state.phase); round += 1) {
          world.settle();
          world.tick();
        }
        seen.steps += world.journal.filter(({ summary }) => summary.startsWith('On the way back')).length;
        expect(['rolled-back', 'superseded', 'abandoned']).toContain(world.state.phase);
        if (world.flag.owner === null && world.flag.revision === world.state.flagRevision)
          expect(world.flag.exposure).toEqual(NO_EXPOSURE);
      }),
      { numRuns },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('an end of its own leaves nobody or everybody with the canary, and the flag as it was', () => {
    const seen = { abandoned: 0, superseded: 0, kept: 0, refused: 0 };
    fc.assert(
      fc.property(
        order,
        fc.nat({ max: 4 }),
        fc.constantFrom<Move>(abandon, abandonLowered, (world) => void world.person('supersede')),
        (moves, stages, end) => {
          const world = play(moves, () => undefined);
          climb(world, stages);
          if (!isQuiet(world)) return;
          const before = world.flag;
          const { exposure } = world.state;
          end(world);
          if (world.state.phase === 'active') {
            seen.refused += 1;
            expect(world.pending).toEqual([]);
            return;
          }
          world.settle();
          const { phase } = world.state;
          if (phase === 'abandoned' || phase === 'superseded') seen[phase] += 1;
          expect(['abandoned', 'superseded']).toContain(phase);
          expect(world.journal.filter(({ transition }) => transition === phase)).toHaveLength(1);
          const kept = world.flag.revision === before.revision;
          if (kept && exposure.percent > 0) seen.kept += 1;
          expect(sameExposure(world.flag.exposure, kept ? before.exposure : NO_EXPOSURE)).toBe(true);
          if (kept) expect([0, 100]).toContain(exposure.percent);
        },
      ),
      { numRuns },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('no stage opens while a drill runs, and none runs for ever', () => {
    let ran = 0;
    fc.assert(
      fc.property(order, (moves) => {
        // Random orders seldom come to one by themselves: each begins with one.
        const world = every([lift, drill, ...moves], (before, event, commands, { state }) => {
          if (!drillRuns(before) || event.kind === 'drill') return;
          ran += 1;
          const opened = raises(commands).filter(
            () => state.write?.purpose === 'advance' && drillRuns(state),
          );
          expect(opened).toEqual([]);
        });
        const began = world.state.drill?.startedAt ?? 0;
        for (let round = 0; round < 60 && drillRuns(world.state); round += 1) {
          world.settle();
          world.tick();
        }
        expect(drillRuns(world.state)).toBe(false);
        const { drill: over } = world.state;
        if (over !== undefined && over.endedAt !== null && over.rolledBackAt === null)
          expect(over.endedAt).toBeGreaterThanOrEqual(began);
      }),
      { numRuns },
    );
    expect(ran).toBeGreaterThan(0);
  });

  it('a state that was written out and read back decides the same', () => {
    fc.assert(
      fc.property(order, (moves) => {
        const straight = play(moves, () => undefined);
        const carried = new World(planFor(moves), originFor(moves, planFor(moves)));
        carried.event({ kind: 'begin' });
        for (const one of moves) {
          carried.state = JSON.parse(JSON.stringify(carried.state));
          one(carried);
        }
        expect(carried.journal).toEqual(straight.journal);
      }),
      { numRuns: Math.min(numRuns, 500) },
    );
  });
});
