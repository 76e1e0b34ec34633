import fc from 'fast-check';
import type { Origin } from '../plans/origin.ts';
import type { Plan } from '../plans/plan.ts';
import { severable } from '../plans/slices.ts';
import type { Command } from './command.ts';
import { drillRuns } from './drill-facts.ts';
import type { PersonEvent, RolloutEvent } from './event.ts';
import { BEHIND } from './plan-parts.fixture.ts';
import { refusal } from './refusals.ts';
import type { RolloutState } from './state.ts';
import { beginGate } from './watching.ts';
import { assessment, planOf, World } from './world.fixture.ts';

export type Move = (world: World) => void;

/** A gate that holds since the traffic is not split as planned, perhaps for too long. */
export function badSplit(world: World): void {
  if (world.gate === null) return;
  const memory = beginGate(world.gate);
  const { evidence } = memory;
  const users = { baseline: 1800, canary: 200 };
  const split = { ...evidence.split, users, comparable: true, begun: 1 };
  world.report(
    assessment('hold', {
      holding: [{ kind: 'split', detail: 'not as planned', seen: { of: 'users', ...users } }],
    }),
    {
      memory: { ...memory, evidence: { ...evidence, split } },
      overdue: world.state.gates % 2 === 0,
    },
  );
}

export function acceptSplit(world: World): void {
  const event: PersonEvent = {
    kind: 'person',
    action: 'approve',
    by: 'kim',
    roles: ['on-call', 'lead'],
    reason: 'bots',
    accept: null,
    breakGlass: false,
  };
  if (refusal(world.state, event) === null) world.event(event);
}

export function abandon(world: World): void {
  world.person('abandon');
}

export function abandonLowered(world: World): void {
  const who = { by: 'kim', roles: [], reason: 'enough', accept: null, breakGlass: false };
  world.event({ kind: 'person', action: 'abandon', ...who, lower: true });
}

const index = fc.nat({ max: 3 });
/** What somebody else sets: stages of the plan, what lies between them, less than the first and more than the last. */
export const drifted = fc.tuple(
  fc.constantFrom(0, 1, 3, 5, 80),
  fc.constantFrom<string[]>([], ['employees'], ['employees', 'beta']),
);
/** Nothing is under way: what the flag does next is somebody else's doing. */
export function isQuiet({ state, gate, flag, pending, answers }: World): boolean {
  if (state.phase !== 'active' || gate === null || flag.latched || state.write !== null) return false;
  if (state.descent != null) return false;
  return pending.length === 0 && answers.length === 0;
}

/** Whoever is asked for the point of no return gives it. */
export function confirm(world: World): void {
  const who = { by: 'kim', roles: ['lead', 'on-call'], reason: null, accept: null, breakGlass: false };
  const event: PersonEvent = { kind: 'person', action: 'confirm', ...who, confirm: 'pricing' };
  if (refusal(world.state, event) === null) world.event(event);
}

/** Random orders seldom rest high up: those that go on are taken up to `stages` stages further by the happy way. */
export function climb(world: World, stages: number): void {
  for (let round = 0; round < stages && world.state.phase === 'active'; round += 1) {
    world.event({ kind: 'peers', older: [] });
    if (world.state.pause !== null) world.person('resume');
    world.settle();
    world.report(assessment('pass'));
    world.person('approve');
    world.settle();
  }
}

/** Somebody is taken off the canary, or asked to be given it again. */
export const exclusion =
  (segment: string): Move =>
  (world) => {
    const out = world.state.excluded?.some(({ name }) => name === segment) === true;
    const who = { by: 'kim', roles: [], reason: 'they complain', accept: null, breakGlass: false };
    const action = out ? 'include' : 'exclude';
    world.event({ kind: 'person', action, ...who, who: { segment } });
  };

/** The gate finds that a slice got worse alone: `label=value`, or one of a segment, with its share of the canary's requests. */
export const worsened =
  (slice: string, share: number): Move =>
  (world) => {
    const who = slice === 'tier=beta' ? 'beta' : slice;
    const one = {
      slice,
      who,
      metric: 'errors',
      severity: 'hard' as const,
      reason: `${slice} is worse`,
      share,
    };
    if (severable(world.state.plan).has(slice)) world.report(assessment('hold', { severed: [one] }));
  };

/** The same while Temporal is away: the gate has taken them off the flag by the time at which it is heard. */
export const takenOff =
  (slice: string, share: number): Move =>
  (world) => {
    if (severable(world.state.plan).has(slice)) world.takeOffAlone(slice === 'tier=beta' ? 'beta' : slice);
    worsened(slice, share)(world);
  };

/** A rollback stage by stage, with this many seconds from one step to the next. */
export const slowly =
  (every: number): Move =>
  (world) => {
    const who = { by: 'kim', roles: [], reason: 'slower', accept: null, breakGlass: false };
    world.event({ kind: 'person', action: 'rollback', ...who, progressive: true, every });
  };

const SLICES = ['tenant=acme', 'tenant=globex', 'tier=beta'];

/** The happy way is likely, so that random orders get far; everything else cuts in anywhere. */
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 12, arbitrary: index.map((at) => (world: World) => world.land(at)) },
  { weight: 12, arbitrary: index.map((at) => (world: World) => world.answer(at)) },
  { weight: 8, arbitrary: fc.constant((world: World) => world.report(assessment('pass'))) },
  { weight: 6, arbitrary: fc.constant((world: World) => void world.person('approve')) },
  { weight: 2, arbitrary: fc.constant(confirm) },
  { weight: 8, arbitrary: fc.constant((world: World) => world.check(true)) },
  { weight: 2, arbitrary: fc.constant((world: World) => world.check(false)) },
  { weight: 2, arbitrary: index.map((at) => (world: World) => world.lose(at)) },
  { weight: 1, arbitrary: index.map((at) => (world: World) => world.offline(at)) },
  { weight: 3, arbitrary: fc.constant((world: World) => world.tick()) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('hold', 'soft', 'no-data')
      .map((verdict) => (world: World) => world.report(assessment(verdict))),
  },
  { weight: 1, arbitrary: fc.constant((world: World) => world.report(assessment('hard'))) },
  { weight: 2, arbitrary: fc.constant(badSplit) },
  { weight: 2, arbitrary: fc.constant(acceptSplit) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('reject', 'step-back', 'pause', 'resume', 'recheck', 'accept-drift', 'rollback')
      .map((action) => (world: World) => void world.person(action)),
  },
  { weight: 2, arbitrary: fc.constant((world: World) => void world.person('accept-drift')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(abandon, abandonLowered, (world: World) => void world.person('supersede')),
  },
  { weight: 1, arbitrary: fc.constant((world: World) => void world.person('approve', 'sam')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('sam', 'ada').map(
      (by) => (world: World) =>
        void world.event({
          kind: 'person',
          action: 'approve',
          by,
          roles: [],
          reason: 'outage',
          accept: null,
          breakGlass: true,
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: drifted.map(
      ([percent, segments]) =>
        (world: World) =>
          world.drift(percent, segments),
    ),
  },
  { weight: 1, arbitrary: fc.constant((world: World) => drill(world)) },
  { weight: 6, arbitrary: fc.constant((world: World) => world.others(25)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(5, null).map((share) => (world: World) => world.others(share)),
  },
  { weight: 3, arbitrary: fc.constantFrom('employees', 'tenant=acme', 'beta').map(exclusion) },
  { weight: 2, arbitrary: fc.constantFrom(...SLICES).map((slice) => worsened(slice, 0.06)) },
  { weight: 2, arbitrary: fc.constantFrom(...SLICES).map((slice) => takenOff(slice, 0.06)) },
  { weight: 1, arbitrary: fc.constantFrom(1, 600, 86_400).map(slowly) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.kill()) },
  { weight: 2, arbitrary: fc.constant((world: World) => world.lapse()) },
  {
    weight: 1,
    arbitrary: fc.constant((world: World) => void world.event({ kind: 'killed', by: 'kim', reason: 'kill' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('canary', 'service', 'bug', 'minor-bug')
      .map(
        (scope) => (world: World) =>
          void world.event({ kind: 'alert', name: 'A', scope, status: 'firing', detail: '' }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<string[]>([], ['other-1'])
      .map((older) => (world: World) => void world.event({ kind: 'peers', older })),
  },
);
/** A rehearsal is broken off, or begins. */
export const drill: Move = (world) => {
  const begins = { breakage: { errorRate: 1, latencyMs: 0, percent: 5 }, within: 30 };
  const runs = drillRuns(world.state);
  world.event({
    kind: 'drill',
    id: runs ? (world.state.drill?.id ?? '') : `drill-${world.state.seq}`,
    by: 'kim',
    roles: [],
    reason: null,
    begins: runs ? null : begins,
  });
};
export const order = fc.array(move, { minLength: 10, maxLength: 90 });
/** Without leases nothing can run out: half of the orders are played with them, drawn from the order itself. */
export const LEASED = planOf({ lease: '10m' });
/** The same with stages that serve nobody before it, and a list of tenants. */
const SHADOWED = planOf({
  lease: '10m',
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', hard: '+0.5pp', weight: 0.5 },
    { ...BEHIND, weight: 0.5 },
  ],
  stages: [
    { name: 'dark', dark: { percent: 10 }, bake: '10s' },
    { name: 'shadow', shadow: {}, bake: '10s' },
    { name: 'internal', audience: { segments: ['employees'] }, bake: '10s' },
    {
      name: 'friendly',
      audience: { tenants: ['acme', 'globex'] },
      bake: '10s',
      approval: { roles: ['on-call'] },
    },
    { name: '5%', percent: 5, bake: '10s', approval: { roles: ['on-call'] } },
    { name: '100%', percent: 100, bake: '10s' },
  ],
});
/** The old path on both sides before anybody is served. */
const ALIKE = planOf({
  lease: '10m',
  stages: [
    { name: 'A/A', aa: { percent: 10 }, bake: '10s' },
    { name: 'internal', audience: { segments: ['employees'] }, bake: '10s' },
    { name: '5%', percent: 5, bake: '10s', approval: { roles: ['on-call'] } },
    { name: '100%', percent: 100, bake: '10s' },
  ],
});
/** Everything that waits for something else than people: checks, hours, freezes, a start, a deadline, tries of its own. */
const CHECK = { name: 'ready', http: { url: 'https://status.example.com/' } };
export const TIMED = planOf({
  start: { at: '1970-01-01T00:20:00Z' },
  deadline: { after: '3d', then: 'rollback' },
  windows: {
    timezone: 'Europe/Berlin',
    allow: ['01:00-23:00'],
    freezes: [{ from: '1970-01-02', to: '1970-01-02' }],
    bakeOutsideFreezes: true,
  },
  policy: { soft: 'step-back', retry: { wait: '1h', times: 2 }, checks: { every: '1m' } },
  stages: planOf().stages.map(({ name, percent, audience, decommission, approval }, at) => ({
    name,
    ...(percent === undefined ? {} : { percent }),
    ...(audience === undefined ? {} : { audience }),
    ...(decommission === undefined ? {} : { decommission: { cleanFor: '10s' } }),
    ...(approval === undefined ? {} : { approval: { roles: approval.roles } }),
    bake: '10s',
    ...(at === 0 ? {} : { checks: [CHECK] }),
    ...(at === 2
      ? {
          windows: { timezone: 'America/New_York', allow: ['Mon-Sun 00:00-23:00'], holidays: ['1970-01-03'] },
        }
      : {}),
  })),
});
/** What was asked, for which stage and from which visit. */
export interface Asked {
  run: number;
  stage: string;
  since: number | null;
}

/** Into the second stage; whether it is any good there is for the order to say. */
export function lift(world: World): void {
  world.person('approve');
  world.tick();
  world.settle();
  world.report(assessment('pass'));
  world.settle();
}

/** What goes up only behind another rollout, and back with it. */
export const REQUIRING = planOf({
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  requires: [{ rollout: 'checkout', reached: '25%', then: 'rollback' }],
});

/** Slices that are taken off by themselves, at most two of them. */
export const SEVERING = planOf({
  coverage: SLICES.map((slice) => ({
    slice,
    // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
    then: 'exclude',
    ...(slice === 'tier=beta' ? { segment: 'beta' } : {}),
  })),
  policy: { exclusions: { most: 2, traffic: '10%' } },
});

const PLANS = [planOf(), LEASED, TIMED, SHADOWED, REQUIRING, SEVERING, ALIKE];
export const planFor = (moves: readonly Move[]) => PLANS[moves.length % PLANS.length] ?? LEASED;

/** Two of five orders are of a retry of the same build, which begins above the first stage. */
export function originFor(moves: readonly Move[], { stages }: Plan): Origin | undefined {
  const wanted = ['5%', '100%'][moves.length % 5];
  const stage = stages.find(({ name }) => name === wanted)?.name;
  const retry = {
    kind: 'retry' as const,
    of: 'pricing-0',
    cause: 'errors',
    reason: 'mended',
    changes: [],
    carried: {
      of: 'pricing-0',
      build: 'shop:2.4.1',
      lnE: 1,
      threshold: 4.6,
      against: [{ name: 'errors', lnE: 1 }],
      accepted: [],
    },
  };
  return stage === undefined ? undefined : { ...retry, stage };
}

export function play(moves: readonly Move[], look: (world: World) => void, plan = planFor(moves)): World {
  const world = new World(plan, originFor(moves, plan));
  look(world);
  world.event({ kind: 'begin' });
  for (const one of moves) one(world);
  return world;
}

export function raises(commands: readonly Command[]) {
  return commands.flatMap((command) =>
    command.kind === 'write' && command.request.direction === 'raise' ? [command.request] : [],
  );
}

export function every(
  moves: readonly Move[],
  check: (before: RolloutState, event: RolloutEvent, commands: Command[], world: World) => void,
  plan = planFor(moves),
): World {
  return play(
    moves,
    (world) => world.watchers.push((before, event, commands) => check(before, event, commands, world)),
    plan,
  );
}
