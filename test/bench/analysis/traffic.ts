import type { PollCounts } from '../../../analysis/kernel.ts';
import type { Count } from '../../../plans/sample.ts';
import type { Random } from './random.ts';
import { coupledPoisson, noiseOf, poisson, streamOf } from './random.ts';
import type { Scenario } from './scenarios.ts';

export const STEP = 15;
const DAY = 86_400;
const INCIDENT = { factor: 5, seconds: 600, every: 14_400 };
const SHOCK = 0.3;
const WAVE = 0.5;

/** A stretch of one stage under test. */
export interface Stretch {
  /** Index into the plan's stages. */
  stage: number;
  share: number;
  polls: number;
}

export interface Poll {
  t: number;
  stage: number;
  baseline: Count;
  canary: Count;
  halves: readonly [Count, Count];
  /** Of a canary with two instances at least. */
  canaryHalves?: readonly [Count, Count];
  instances: { baseline: number; canary: number };
}

/** A canary that is worse by `extra` of its requests from `onset` seconds on. */
export interface Regression {
  extra: number;
  onset: number;
}

export function tracePolls(
  seed: number,
  of: { scenario: Scenario; stretches: readonly Stretch[]; regression: Regression },
): Poll[] {
  const { scenario, regression } = of;
  const shared = sharedBy(scenario, seed);
  const cohorts = {
    baseline: cohortOf(scenario, { seed, name: 'baseline', instances: scenario.instances.baseline }),
    canary: cohortOf(
      { ...scenario, cv: scenario.cv * (scenario.noisier ?? 1) },
      { seed, name: 'canary', instances: scenario.instances.canary },
    ),
  };
  const polls: Poll[] = [];
  for (const { stage, share, polls: count } of of.stretches) {
    for (let i = 0; i < count; i++) {
      const t = (polls.length + 1) * STEP;
      const now = shared(t);
      const extra = t > regression.onset ? regression.extra : 0;
      const halves = cohorts.baseline({ ...now, share: 1 - share, extra: 0 });
      const canaryHalves = cohorts.canary({ ...now, share, extra });
      polls.push({
        t,
        stage,
        baseline: plus(halves[0], halves[1]),
        canary: plus(canaryHalves[0], canaryHalves[1]),
        halves,
        ...(scenario.instances.canary > 1 ? { canaryHalves } : {}),
        instances: scenario.instances,
      });
    }
  }
  return polls;
}

/** The halves of the baseline over the time before the rollout, as the kernel takes them, the latest last. */
export function historyPolls(seed: number, of: { scenario: Scenario; polls: number }): PollCounts[] {
  const shared = sharedBy(of.scenario, seed);
  const { baseline } = of.scenario.instances;
  const before = { ...of.scenario, ...of.scenario.before };
  const cohort = cohortOf(before, { seed, name: 'history', instances: baseline });
  return Array.from({ length: of.polls }, (_, i) => {
    const [first, second] = cohort({ ...shared((i - of.polls + 1) * STEP), share: 1, extra: 0 });
    return {
      canaryEvents: first.events,
      canaryTotal: first.total,
      baselineEvents: second.events,
      baselineTotal: second.total,
    };
  });
}

interface Shared {
  requests: number;
  rate: number;
}

/** What both cohorts share, by seconds since the rollout began. Called in the order of time. */
function sharedBy({ requests, base, shared }: Scenario, seed: number): (t: number) => Shared {
  if (!shared) return () => ({ requests: requests * STEP, rate: base });
  const phases = streamOf(seed, 'phases');
  const [traffic, errors] = [phases(), phases()];
  const incident = phases() * (INCIDENT.every - INCIDENT.seconds);
  const before = -phases() * (DAY - INCIDENT.seconds) - INCIDENT.seconds;
  const wave = (t: number, phase: number) => 1 + WAVE * Math.sin(2 * Math.PI * (t / DAY + phase));
  const shocks = {
    before: noiseOf(streamOf(seed, 'shocks before'), { cv: SHOCK, lasting: 0 }),
    now: noiseOf(streamOf(seed, 'shocks'), { cv: SHOCK, lasting: 0 }),
  };
  return (t) => {
    const began = t > 0 ? Math.floor(t / INCIDENT.every) * INCIDENT.every + incident : before;
    const hit = t > began && t <= began + INCIDENT.seconds ? INCIDENT.factor : 1;
    const shock = t > 0 ? shocks.now() : shocks.before();
    return { requests: requests * STEP * wave(t, traffic), rate: base * wave(t, errors) * hit * shock };
  };
}

type CohortPoll = (at: Shared & { share: number; extra: number }) => [Count, Count];

/** One poll of a cohort in two halves; a single instance is the first half alone. */
function cohortOf(scenario: Scenario, of: { seed: number; name: string; instances: number }): CohortPoll {
  const { seed, name, instances } = of;
  const random = streamOf(seed, name);
  const extras = streamOf(seed, `${name} extra`);
  const noises = Array.from({ length: instances }, (_, i) =>
    noiseOf(streamOf(seed, `${name} ${i}`), { cv: scenario.cv, lasting: scenario.lasting }),
  );
  return ({ requests, share, rate, extra }) => {
    const halves: [Count, Count] = [
      { events: 0, total: 0 },
      { events: 0, total: 0 },
    ];
    const bad = scenario.bad ?? instances;
    noises.forEach((noise, i) => {
      const half = 2 * i < instances ? halves[0] : halves[1];
      const factor = noise();
      const total = poisson(random, (requests * share) / instances);
      half.events += badOf(
        { random, extras },
        { total, usual: rate * factor, more: i < bad ? (extra * factor * instances) / bad : 0 },
      );
      half.total += total;
    });
    return halves;
  };
}

function badOf(
  from: { random: Random; extras: Random },
  { total, usual, more }: { total: number; usual: number; more: number },
): number {
  return Math.min(
    total,
    poisson(from.random, total * Math.min(1, usual)) + coupledPoisson(from.extras, total * Math.min(1, more)),
  );
}

function plus(a: Count, b: Count): Count {
  return { events: a.events + b.events, total: a.total + b.total };
}
