import { describe, expect, test } from 'vitest';
import type { Knots } from './dispersion.ts';
import { measureDispersion } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { prospectOf } from './metric-prospects.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import type { Profile } from './profile.ts';
import { stageFrame } from './stage.ts';
import { errorsPoll, planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const REQUESTS = 3000;
const RATE = 0.005;

/** A factor with mean 1 and this coefficient of variation: log-normal, of each cohort alone. */
function noise(random: () => number, cv: number): number {
  if (cv === 0) return 1;
  const s2 = Math.log(1 + cv * cv);
  const z = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(Math.sqrt(s2) * z - s2 / 2);
}

function curve(random: () => number, cv: number): Knots {
  const half = () => {
    const total = poisson(random, REQUESTS / 2);
    return { events: poisson(random, total * RATE * noise(random, cv)), total };
  };
  const polls = Array.from({ length: 5760 }, () => {
    const [one, two] = [half(), half()];
    return {
      canaryEvents: one.events,
      canaryTotal: one.total,
      baselineEvents: two.events,
      baselineTotal: two.total,
    };
  });
  return measureDispersion(polls) ?? [];
}

interface Cell {
  stage: number;
  extra: number;
  cv: number;
}

const plan = planOf();
const SHARES = [0.01, 0.05, 0.25, 0.5];

/** Polls until the gate itself stops a rollout whose canary is worse from the stage's first poll on. */
function stopAfter(seed: number, { stage, extra, cv }: Cell, knots: Knots): number {
  const random = randomOf(seed);
  const context = { stageIndex: stage, dispersion: { errors: knots }, brief: true };
  let evidence = openEvidence(plan);
  for (let i = 1; i <= 960; i++) {
    const sample = errorsPoll(random, {
      stage: plan.stages[stage]?.name ?? '',
      t: i * STEP,
      requests: REQUESTS,
      share: SHARES[stage] ?? 0,
      baseline: RATE * noise(random, cv),
      canary: (RATE + extra) * noise(random, cv),
    });
    evidence = observe(evidence, plan, reading(sample), context);
    if (['soft', 'hard'].includes(assess(evidence, plan, context).verdict)) return i * STEP;
  }
  return Number.POSITIVE_INFINITY;
}

function planned({ stage, extra }: Cell, knots: Knots): { outlook: Outlook; found: [number, number] } {
  const profile: Profile = {
    polls: 5760,
    learnt: { dispersion: { errors: knots }, edges: {} },
    metrics: { errors: { kind: 'ratio', trials: REQUESTS, count: { events: 86_400, total: 17_280_000 } } },
    slices: {},
  };
  const frame = stageFrame(plan, stage);
  const margins = { soft: 0.001, hard: extra };
  const [metric] = plan.metrics;
  if (metric === undefined) throw new Error('the plan has a metric');
  const prospect = prospectOf(metric, { plan, frame, profile, trials: REQUESTS });
  if (typeof prospect === 'string') throw new Error(prospect);
  const outlook = outlookOf({
    prospect: { ...prospect, margins: { ...margins, improve: null } },
    ruler: frame.ruler,
    poll: STEP,
    bake: 3600,
    max: 7200,
    weight: 1,
    falseRollback: plan.analysis.falseRollback,
    falsePromote: plan.analysis.falsePromote,
    unit: 'rate',
    proof: null,
    rates: null,
  });
  const one = outlook.detections.find(({ of, times }) => of === 'hard' && times === 1);
  if (one?.kind !== 'found') throw new Error('never found');
  return { outlook, found: [one.seconds, one.likely ?? Number.POSITIVE_INFINITY] };
}

describe('the planned time to detection', () => {
  test.each<Cell & { runs: number }>([
    { stage: 1, extra: 0.01, cv: 0.3, runs: 61 },
    { stage: 1, extra: 0.005, cv: 0.3, runs: 41 },
    { stage: 1, extra: 0.02, cv: 0.3, runs: 61 },
    { stage: 0, extra: 0.01, cv: 0.3, runs: 41 },
    { stage: 2, extra: 0.003, cv: 0.3, runs: 41 },
    { stage: 2, extra: 0.01, cv: 0.6, runs: 61 },
    { stage: 3, extra: 0.005, cv: 0, runs: 61 },
  ])('is that of simulated rollouts: stage $stage, +$extra, CV $cv', { timeout: 60_000 }, (cell) => {
    const knots = curve(randomOf(77), cell.cv);
    const [seconds, likely] = planned(cell, knots).found;
    const stops = Array.from({ length: cell.runs }, (_, i) => stopAfter(5000 + i, cell, knots)).sort(
      (a, b) => a - b,
    );
    const median = stops[Math.floor(cell.runs / 2)] ?? 0;
    expect(seconds / median).toBeGreaterThan(1 / 1.5);
    expect(seconds / median).toBeLessThan(1.5);
    // What is called likely is aimed at nine of ten.
    const within = stops.filter((stop) => stop <= likely).length;
    expect(within / cell.runs).toBeGreaterThan(0.85);
  });
});
