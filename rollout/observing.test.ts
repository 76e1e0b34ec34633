import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import { containedStage } from '../plans/stages.ts';
import { ENDED } from '../plans/view.ts';
import type { Command } from './command.ts';
import { lookRequest, toldRefusal } from './observing.ts';
import { gateRequest } from './progress.ts';
import { refusal } from './refusals.ts';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const STAGES = [
  { name: '5%', percent: 5, bake: '10s' },
  { name: '25%', percent: 25, bake: '10s' },
  { name: '100%', percent: 100, bake: '10s' },
];
const observed = (more: object = {}) => planOf({ mode: 'observe', approvals: {}, stages: STAGES, ...more });
const told = () => observed({ flag: { key: 'pricing', provider: 'told' } });
/** Whatever reaches a flag. */
const REACHES: readonly Command['kind'][] = ['claim', 'write', 'release'];

/** A rollout whose flag somebody else has brought to `percent`. */
function at(percent: number, plan = observed()): World {
  const world = new World(plan);
  world.event({ kind: 'begin' });
  world.drift(percent);
  world.sees('ada');
  return world;
}

const lines = (world: World) => world.journal.map(({ transition }) => transition);
const last = (world: World) => world.journal.at(-1);

describe('a plan that only watches', () => {
  it('is in the stage of the share that the flag serves, though whoever ramps it knows none of the plan’s segments', () => {
    const stages = [
      { name: 'internal', audience: { segments: ['employees'] }, bake: '10s' },
      { name: '5%', percent: 5, bake: '10s' },
      { name: '50%', percent: 50, bake: '10s' },
      { name: '100%', percent: 100, bake: '10s' },
    ];
    const world = new World(planOf({ mode: 'observe', approvals: {}, stages }));
    world.event({ kind: 'begin' });
    world.drift(20);
    world.sees('ada');
    expect(world.state.stage).toBe(1);
    world.drift(50);
    world.report(assessment('hold'));
    expect(world.state.stage).toBe(2);
    world.report(assessment('pass'));
    expect(world.journal.at(-1)?.summary).toBe('Would have gone on from stage 50% to 100%: everyone.');
    world.drift(1);
    world.report(assessment('hold'));
    expect(world.state.stage).toBe(0);
  });

  it('begins once somebody has the canary, and says who brought it there', () => {
    const world = new World(observed());
    world.event({ kind: 'begin' });
    expect(world.look).toMatchObject({ key: 'pricing', served: { percent: 0 } });
    expect(world.state.phase).toBe('submitted');
    world.drift(5);
    world.sees('ada');
    expect(world.state).toMatchObject({ phase: 'active', stage: 0, exposure: { percent: 5 } });
    expect(last(world)).toMatchObject({
      transition: 'started',
      summary: 'Ada moved the flag from nobody to 5 %: stage 5%.',
      cause: { kind: 'flag', reason: 'ada moved the flag' },
    });
    expect(world.gate?.expected).toMatchObject({ watched: true });
  });

  it('follows the flag up and down without calling it drift, with new evidence at each step', () => {
    const world = at(5);
    const since = world.state.stageSince;
    world.now += 1000;
    world.drift(25);
    world.report(assessment('hold'));
    expect(world.state.stage).toBe(1);
    expect(world.state.stageSince).toBeGreaterThan(since ?? 0);
    expect(world.gate?.memory?.since).not.toBe(world.gate?.stageSince);
    world.drift(10);
    world.report(assessment('hold'));
    expect(world.state.stage).toBe(0);
    expect(world.gate?.plan.stages[0]?.percent).toBe(10);
    expect(lines(world).slice(1)).toEqual(['started', 'advanced', 'stepped-back']);
    world.drift(12);
    world.report(assessment('hold'));
    expect(last(world)).toMatchObject({ transition: 'advanced', stage: '5%' });
    expect(last(world)?.summary).toContain('from 10 % to 12 %: still stage 5%');
    expect(world.state.pause).toBeNull();
  });

  it('says of a flag that somebody has already moved that it is there', () => {
    const world = new World(observed());
    world.event({ kind: 'begin' });
    const exposure = { percent: 25, segments: [], variant: null };
    world.event({
      kind: 'seen',
      look: 1,
      sight: { revision: 9, exposure, latch: null, by: 'ada', already: true },
    });
    expect(last(world)).toMatchObject({
      transition: 'started',
      stage: '25%',
      summary: 'The flag serves 25 % already: stage 25%.',
      cause: { reason: 'ada has moved it last' },
      flagAfter: 9,
    });
  });

  it('watches what is less than the first stage as the first stage', () => {
    expect(at(0.5).state).toMatchObject({ stage: 0, exposure: { percent: 0.5 } });
  });

  it.each([
    ['would-stop', 'hard', 'Would have been rolled back from stage 5%: hard.'],
    ['would-pause', 'soft', 'Would have paused in stage 5%: soft.'],
    ['would-pause', 'no-data', 'Would have paused in stage 5%: no-data.'],
    ['would-advance', 'pass', 'Would have gone on from stage 5% to 25%: 25 %.'],
  ] as const)('says %s at a verdict of %s, once in a visit', (transition, verdict, summary) => {
    const world = at(5);
    world.report(assessment(verdict));
    world.report(assessment('hold'));
    world.report(assessment(verdict));
    const said = world.journal.filter((entry) => entry.transition === transition);
    expect(said).toMatchObject([{ summary, stage: '5%', evidence: { verdict }, queries: ['q'] }]);
    expect(viewOf(world.state, world.now).watching?.would).toMatchObject({ transition, summary });
    expect(world.state).toMatchObject({ phase: 'active', stage: 0, pause: null, stop: null, write: null });
    world.drift(25);
    world.report(assessment('hold'));
    world.report(assessment(verdict));
    expect(world.journal.filter((entry) => entry.transition === transition)).toHaveLength(2);
  });

  it('says by the policy of the plan what it would have done', () => {
    const back = at(25, observed({ policy: { soft: 'step-back' } }));
    back.report(assessment('soft'));
    expect(last(back)?.summary).toBe('Would have paused in stage 25% and stepped back to stage 5%: soft.');
    const soft = at(5, observed({ policy: { soft: 'rollback' } }));
    soft.report(assessment('soft'));
    expect(last(soft)?.transition).toBe('would-stop');
    const alert = at(5);
    alert.event({ kind: 'alert', name: 'High', scope: 'canary', status: 'firing', detail: '' });
    expect(last(alert)?.summary).toBe('Would have been rolled back from stage 5%: the alert High fires.');
  });

  it('says nothing more after a stop, and would not have gone on while it would have been paused', () => {
    const stopped = at(5);
    stopped.report(assessment('hard'));
    stopped.report(assessment('pass'));
    expect(lines(stopped)).not.toContain('would-advance');
    const paused = at(5);
    paused.report(assessment('soft'));
    paused.report(assessment('pass'));
    expect(lines(paused)).not.toContain('would-advance');
    // The rule for missing data ends by itself, as it does where the plan acts.
    const silent = at(5);
    silent.report(assessment('no-data'));
    silent.report(assessment('pass'));
    expect(lines(silent)).toContain('would-advance');
  });

  it('would have gone on when a window opens, and asks to be woken then', () => {
    const world = new World(observed({ windows: { allow: ['Mon 09:00-10:00'] } }));
    world.now = Date.parse('2026-03-01T12:00:00Z');
    world.event({ kind: 'begin' });
    world.drift(5);
    world.sees();
    world.report(assessment('pass'));
    expect(lines(world)).not.toContain('would-advance');
    expect(nextDeadline(world.state, world.now)).toBe(Date.parse('2026-03-02T09:00:00Z'));
    world.tick();
    expect(last(world)).toMatchObject({
      transition: 'would-advance',
      at: Date.parse('2026-03-02T09:00:00Z'),
    });
    expect(nextDeadline(world.state, world.now)).toBeNull();
  });

  it('would not have begun or gone on before its start, and asks to be woken then', () => {
    const start = '2026-03-02T09:00:00Z';
    const world = new World(observed({ start: { at: start } }));
    world.now = Date.parse('2026-03-01T12:00:00Z');
    world.event({ kind: 'begin' });
    world.drift(5);
    world.sees('ada');
    expect(last(world)).toMatchObject({
      transition: 'note',
      summary: 'The plan would not have begun before 2026-03-02 09:00:00 UTC.',
    });
    world.report(assessment('pass'));
    expect(lines(world)).not.toContain('would-advance');
    expect(nextDeadline(world.state, world.now)).toBe(Date.parse(start));
    world.tick();
    expect(last(world)).toMatchObject({ transition: 'would-advance', at: Date.parse(start) });
    expect(nextDeadline(world.state, world.now)).toBeNull();
    const early = new World(observed({ start: { at: start } }));
    early.now = Date.parse('2026-03-01T12:00:00Z');
    early.event({ kind: 'begin' });
    early.drift(5);
    early.sees('ada');
    early.report(assessment('hard'));
    expect(last(early)?.transition).toBe('would-stop');
  });

  it.each([
    [
      'rollback',
      'would-stop',
      'Would have been rolled back from stage 5%: the rollout was to be complete by',
    ],
    ['pause', 'would-pause', 'Would have paused in stage 5%: the rollout was to be complete by'],
  ])('says at its deadline that it would have ended in a %s, once', (then, transition, summary) => {
    const world = at(5, observed({ deadline: { after: '1h', then } }));
    const deadline = (world.state.startedAt ?? 0) + 3_600_000;
    expect(nextDeadline(world.state, world.now)).toBe(deadline);
    world.tick();
    expect(last(world)).toMatchObject({ transition, at: deadline, stage: '5%' });
    expect(last(world)?.summary).toContain(summary);
    expect(nextDeadline(world.state, world.now)).toBeNull();
    world.tick();
    expect(lines(world).filter((one) => one.startsWith('would-'))).toEqual([transition]);
    expect(world.state).toMatchObject({ phase: 'active', pause: null, stop: null });
  });

  it('says of a deadline that comes before anybody has the canary that nobody has it', () => {
    const world = new World(observed({ deadline: { at: '1970-01-02T00:00:00Z' } }));
    world.event({ kind: 'begin' });
    world.tick();
    expect(last(world)).toMatchObject({ transition: 'note', at: 86_400_000 });
    expect(last(world)?.summary).toContain('nobody has the canary yet');
    expect([world.state.phase, nextDeadline(world.state, world.now)]).toEqual(['submitted', null]);
  });

  it('would not have let a stage run into a freeze', () => {
    const freezes = [{ from: '2026-03-03', to: '2026-03-04' }];
    const stages = STAGES.map((stage) => ({ ...stage, bake: '30h' }));
    const world = new World(observed({ stages, windows: { freezes, bakeOutsideFreezes: true } }));
    world.now = Date.parse('2026-03-02T12:00:00Z');
    world.event({ kind: 'begin' });
    world.drift(5);
    world.sees();
    world.report(assessment('pass'));
    expect(lines(world)).not.toContain('would-advance');
    world.tick();
    expect(last(world)).toMatchObject({
      transition: 'would-advance',
      at: Date.parse('2026-03-05T00:00:00Z'),
    });
  });

  it('asks nobody', () => {
    const ask = { roles: ['lead'] };
    const plan = observed({ approvals: { start: ask }, approval: ask });
    const world = at(5, plan);
    world.report(assessment('pass'));
    expect(lines(world)).toEqual(['submitted', 'started', 'gate-passed', 'would-advance']);
    expect(viewOf(world.state, world.now).blockers).toEqual([]);
  });

  it('ends before a decommission, which is nothing to watch for', () => {
    const stages = [...STAGES, { name: 'decommission', decommission: { cleanFor: '7d' }, bake: '10s' }];
    const world = at(100, observed({ stages }));
    expect(world.state.stage).toBe(2);
    world.report(assessment('pass'));
    expect(world.state.phase).toBe('completed');
    expect(lines(world).slice(-2)).toEqual(['gate-passed', 'completed']);
  });

  it('ends with the last stage, with nobody left, or by a person, and leaves the flag', () => {
    const done = at(100);
    done.report(assessment('pass'));
    expect(done.state.phase).toBe('completed');
    const back = at(5);
    back.drift(0);
    back.report(assessment('hold'));
    expect(back.state).toMatchObject({ phase: 'completed', exposure: { percent: 0 } });
    expect(lines(back).slice(-2)).toEqual(['note', 'completed']);
    const ended = at(25);
    ended.person('end');
    expect(ended.state.phase).toBe('completed');
    expect(last(ended)?.summary).toContain('the flag stays as it is, at 25 %');
    for (const world of [done, back, ended]) {
      expect(world.commands.filter(({ kind }) => REACHES.includes(kind))).toEqual([]);
      expect(world.gate).toBeNull();
    }
  });

  it.each(['approve', 'reject', 'step-back', 'pause', 'resume', 'accept-drift', 'rollback'] as const)(
    'refuses to %s',
    (action) => {
      const event = { action, by: 'kim', roles: [], reason: null, accept: null, breakGlass: false };
      expect(refusal(at(5).state, { kind: 'person', ...event })?.code).toBe('ONLY_WATCHES');
      const acts = new World(planOf());
      expect(refusal(acts.state, { kind: 'person', ...event, action: 'end' })?.code).toBe('NOT_WAITING');
    },
  );

  it('is amended at once, and finds the stage of the new plan that the flag is in', () => {
    const world = at(10);
    const plan = Plan.parse({
      ...JSON.parse(JSON.stringify({ metadata: { name: 'pricing' }, flag: { key: 'pricing' } })),
      mode: 'observe',
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+1pp', hard: '+5pp' }],
      stages: [STAGES[0], { name: '10%', percent: 10, bake: '10s' }, STAGES[1], STAGES[2]],
    });
    world.event({ kind: 'amend', plan, text: '', by: 'sam', roles: [], reason: null });
    expect(lines(world).slice(-2)).toEqual(['amended', 'advanced']);
    expect(world.gate).toMatchObject({ stage: 1, plan: { stages: [{}, { name: '10%' }, {}, {}] } });
  });
});

describe('a flag that is told', () => {
  it('is not looked at, and is where it was told to be from the time that was told', () => {
    const world = new World(told());
    world.event({ kind: 'begin' });
    expect([world.look, lookRequest(world.state)]).toEqual([null, null]);
    expect(viewOf(world.state, world.now).next).toContain('tidegate told pricing-1 --percent N');
    world.now += 60_000;
    world.tell(7, 5, { mover: 'ada', at: world.now - 30_000 });
    expect(world.state).toMatchObject({ stage: 0, stageSince: world.now - 30_000 });
    expect(last(world)?.cause).toEqual({
      kind: 'flag',
      reason: 'ada moved the flag, told by ci (sequence 7)',
    });
    world.report(assessment('hard'), { flag: null });
    expect(last(world)?.transition).toBe('would-stop');
    world.tell(8, 0);
    expect(world.state.phase).toBe('completed');
  });

  it('takes sequence numbers that grow, and the last one twice', () => {
    const world = new World(told());
    world.event({ kind: 'begin' });
    world.tell(7, 5);
    const event = (sequence: number, percent: number) => ({
      by: 'ci',
      roles: [],
      sequence,
      exposure: { percent, segments: [], variant: null },
      mover: null,
      at: null,
    });
    expect(toldRefusal(world.state, event(7, 5))).toBeNull();
    expect(toldRefusal(world.state, event(9, 25))).toBeNull();
    expect(toldRefusal(world.state, event(6, 25))).toMatchObject({ code: 'TOLD_STALE' });
    expect(toldRefusal(world.state, event(6, 25))?.message).toContain('serves 5 % by sequence 7');
    expect(toldRefusal(world.state, event(7, 25))).toMatchObject({ code: 'TOLD_STALE' });
    expect(toldRefusal(at(5).state, event(1, 25))?.code).toBe('NOT_WAITING');
    const { seq } = world.state;
    world.tell(7, 5);
    world.tell(6, 25);
    expect(world.state).toMatchObject({ seq, stage: 0 });
  });
});

type Move = (world: World) => void;
const percent = fc.constantFrom(0, 0.5, 5, 10, 25, 60, 100);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: percent.map((to) => (world: World) => world.drift(to)) },
  { weight: 6, arbitrary: fc.constant((world: World) => world.sees('ada')) },
  {
    weight: 12,
    arbitrary: fc
      .constantFrom('pass', 'hold', 'soft', 'hard', 'no-data')
      .map((verdict) => (world: World) => world.report(assessment(verdict))),
  },
  { weight: 2, arbitrary: fc.nat(9).map((n) => (world: World) => void world.tell(n, 10 * n)) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.kill()) },
  {
    weight: 1,
    arbitrary: fc.constant((world: World) =>
      world.report(assessment('hard'), { reverted: true, overdue: true }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('approve', 'reject', 'step-back', 'pause', 'resume', 'accept-drift', 'rollback')
      .map((action) => (world: World) => void world.person(action)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('canary', 'service', 'deploy')
      .map(
        (scope) => (world: World) =>
          void world.event({ kind: 'alert', name: 'A', scope, status: 'firing', detail: '' }),
      ),
  },
  { weight: 2, arbitrary: fc.constant((world: World) => world.tick()) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(5, 25, null).map((share) => (world: World) => world.others(share)),
  },
  {
    weight: 1,
    arbitrary: fc.constant((world: World) => void world.event({ kind: 'killed', by: 'kim', reason: 'k' })),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      (world: World) =>
        void world.event({
          kind: 'claimed',
          id: 1,
          revision: 1,
          epoch: 1,
          exposure: { percent: 0, segments: [], variant: null },
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      (world: World) => void world.event({ kind: 'written', id: 1, before: 1, after: 2, epoch: 1 }),
    ),
  },
);
const PLANS = [
  observed(),
  told(),
  observed({ policy: { soft: 'step-back', hard: 'pause' }, windows: { allow: ['Mon 09:00-10:00'] } }),
  observed({ policy: { soft: 'rollback', noData: { then: 'rollback' } }, lease: '10m' }),
  observed({ reversibility: 'forward-only', safeExposure: 'frozen' }),
  observed({
    start: { at: '1970-01-01T00:20:00Z' },
    deadline: { after: '1h', then: 'rollback' },
    // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
    requires: [{ rollout: 'checkout', reached: '25%', then: 'rollback' }],
  }),
];
const numRuns = Number(process.env.TIDEGATE_ORDERS ?? 1_500);

describe('whatever the order of events', () => {
  it('a plan that only watches reaches no flag, and its stage is that of what the flag serves', () => {
    const seen = { started: 0, 'would-stop': 0, 'would-pause': 0, 'would-advance': 0, completed: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...PLANS),
        fc.array(move, { minLength: 5, maxLength: 60 }),
        (plan, moves) => {
          const world = new World(plan);
          world.watchers.push((_before, _event, commands) => {
            expect(commands.filter(({ kind }) => REACHES.includes(kind))).toEqual([]);
            const { state } = world;
            expect([state.claimed, state.write, state.pause, state.stop, state.retry]).toEqual([
              false,
              null,
              null,
              null,
              null,
            ]);
            if (ENDED.includes(state.phase) || state.stage < 0) return;
            const { exposure } = state;
            const stage = containedStage(plan, exposure, plan.stages.length - 1);
            expect(state.stage).toBe(Math.max(0, stage));
            // Whoever goes on in a new run of the workflow watches the same.
            expect(gateRequest(state)?.id).toBe(world.gate?.id);
          });
          world.event({ kind: 'begin' });
          world.event({ kind: 'peers', older: ['other-1'] });
          for (const one of moves) one(world);
          expect(world.journal.map(({ seq }) => seq)).toEqual(world.journal.map((_, index) => index + 1));
          expect(world.journal.filter(({ transition }) => transition === 'drift')).toEqual([]);
          const visits = world.journal.reduce<string[][]>(
            (all, { transition }) =>
              ['started', 'advanced', 'stepped-back'].includes(transition)
                ? [...all, []]
                : [...all.slice(0, -1), [...(all.at(-1) ?? []), transition]],
            [[]],
          );
          for (const visit of visits) {
            const would = visit.filter((transition) => transition.startsWith('would-'));
            expect(new Set(would).size).toBe(would.length);
            if (would.includes('would-stop')) expect(would.at(-1)).toBe('would-stop');
          }
          for (const { transition } of world.journal)
            if (transition in seen) seen[transition as keyof typeof seen] += 1;
          expect(JSON.parse(JSON.stringify(world.state))).toEqual(world.state);
        },
      ),
      { numRuns },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });
});
