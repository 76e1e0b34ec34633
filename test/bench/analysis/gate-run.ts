import type { Knots } from '../../../analysis/dispersion.ts';
import { assess, observe, openEvidence } from '../../../analysis/gate.ts';
import type { Assessment } from '../../../plans/assessment.ts';
import { Plan } from '../../../plans/plan.ts';
import type { CohortSample, Count, Sample } from '../../../plans/sample.ts';
import type { Schedule } from './cells.ts';
import type { Poll } from './traffic.ts';

/** The moment at which a judge ended a rollout, in seconds since it began. */
export interface Ending {
  t: number;
  hard: boolean;
}

export interface Run {
  end: Ending | null;
  /** Microseconds of each poll. */
  micros: number[];
}

interface More {
  stage?: Record<string, unknown>;
  analysis?: Record<string, unknown>;
}

/** Polls of 15 s, alpha 1 %, soft margin 0.1 pp, hard margin 0.5 pp. */
export function errorsPlan(schedule: Schedule, more: More = {}): Plan {
  return planOf(
    schedule,
    [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp', hard: '+0.5pp' }],
    more,
  );
}

export function latencyPlan(schedule: Schedule): Plan {
  return planOf(
    schedule,
    [{ name: 'latency', kind: 'latency', histogram: 'time', soft: '+20%', hard: '+50%' }],
    {},
  );
}

function planOf(schedule: Schedule, metrics: readonly unknown[], { stage = {}, analysis = {} }: More): Plan {
  return Plan.parse({
    metadata: { name: 'benchmark' },
    flag: { key: 'benchmark' },
    metrics,
    analysis,
    stages: schedule.map(({ percent, seconds }) => ({
      name: nameOf(percent),
      percent,
      bake: `${seconds}s`,
      ...stage,
    })),
  });
}

function nameOf(percent: number): string {
  return `${percent}%`;
}

export function errorsSample(poll: Poll, schedule: Schedule): Sample {
  return {
    stage: nameOf(schedule[poll.stage]?.percent ?? 0),
    t: poll.t,
    baseline: cohort(poll.baseline),
    canary: cohort(poll.canary),
    halves: [cohort(poll.halves[0]), cohort(poll.halves[1])],
    ...(poll.canaryHalves === undefined
      ? {}
      : { canaryHalves: [cohort(poll.canaryHalves[0]), cohort(poll.canaryHalves[1])] as const }),
    instances: poll.instances,
  };
}

function cohort(count: Count): CohortSample {
  return { requests: count.total, ratios: { errors: count }, histograms: {} };
}

/** What a gate is told of the time before. */
export interface Known {
  dispersion?: Readonly<Record<string, Knots>>;
  edges?: Readonly<Record<string, readonly number[]>>;
}

/** The product's gate, asked for its verdict at every poll until `ended`. */
export function runGate(
  samples: readonly { stage: number; sample: Sample }[],
  of: { plan: Plan; known: Known; ended: (assessment: Assessment) => boolean },
): Run {
  const { plan, known, ended } = of;
  let evidence = openEvidence(plan);
  const micros: number[] = [];
  for (const { stage, sample } of samples) {
    const context = { stageIndex: stage, brief: true, ...known };
    const began = performance.now();
    evidence = observe(evidence, plan, { kind: 'sample', sample, expressions: {}, queries: [] }, context);
    const assessment = assess(evidence, plan, context);
    micros.push(1000 * (performance.now() - began));
    if (ended(assessment)) return { end: { t: sample.t, hard: assessment.verdict === 'hard' }, micros };
  }
  return { end: null, micros };
}

export function isStop({ verdict }: Assessment): boolean {
  return verdict === 'soft' || verdict === 'hard';
}
