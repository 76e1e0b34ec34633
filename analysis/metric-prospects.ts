import type { LatencyMetric, Metric, RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';
import { type Dispersion, largestDispersion } from './dispersion.ts';
import { histogramTotal } from './histogram.ts';
import type { PollCounts } from './kernel.ts';
import { improvementTrack } from './latency.ts';
import { latencyMargins, ratioMargins, tested } from './margins.ts';
import type { MetricProfile, Profile } from './profile.ts';
import { plannedProofDispersion } from './proof-noise.ts';
import { type Course, countCourse, type Prospect } from './prospect.ts';
import { expectedScatter, FEWEST_BLOCKS, varianceOf } from './scatter.ts';
import type { StageFrame } from './stage.ts';
import { likelyAbove } from './survival.ts';
import { isPaired, scalesOf, toleranceOf, type ValueMetric } from './value.ts';
import { lnValueEvidence } from './value-kernel.ts';
import { LEAST_DEVIATION } from './value-noise.ts';

export interface ProspectOf {
  plan: Plan;
  frame: StageFrame;
  /** What the baseline was like: as a whole, or in a slice. */
  profile: Pick<Profile, 'learnt' | 'metrics'>;
  /** Requests (observations) of both cohorts together in one poll; a gauge has none. */
  trials: number;
  /** What equal cohorts differ by where it was not measured; without it the plan's `noise`. */
  fallback?: Dispersion;
}

/** Polls before which the scatter of a value is not known, see `scatter.ts`. */
const FEWEST_VALUES = 12;
/** The largest slowdown, or share of a value, that is looked for. */
const A_HUNDREDFOLD = 100;
/** What is left of a response time at the least. */
const FASTEST = 0.01;

const ADVISORY = 'it has no margin in this stage: advisory';
const NO_RATE = 'its relative margin needs 1,000 requests of the baseline to be resolved';
const NO_REQUESTS = 'the baseline had no requests of it';
const NO_VALUE = 'the baseline had no value of it';
const NO_HALVES =
  "its scatter is not known before the rollout: the baseline's series cannot be split in two halves";
const NO_EDGE = "no bucket edge shows its margin at 0.5-20 % of the baseline's requests: advisory";

type Known<K extends MetricProfile['kind']> = Extract<MetricProfile, { kind: K }>;

/** How a metric's evidence is expected to grow in a stage, or why that cannot be said. */
export function prospectOf(metric: Metric, of: ProspectOf): Prospect | string {
  const { soft, hard, improve } = stageMetric(of.plan, of.frame.index, metric.name);
  if (metric.kind === 'gauge' && !isPaired(metric))
    return 'the baseline has no such value: only limits decide';
  const growth = growthOf(metric, of);
  if (growth === null) return metric.kind === 'gauge' ? NO_VALUE : NO_REQUESTS;
  if (soft === null && hard === null && improve === null) return ADVISORY;
  if (typeof growth === 'string') return growth;
  return tested(growth.margins) === null && growth.margins.improve === null ? NO_RATE : growth;
}

/** Null: nothing was seen of it. */
function growthOf(metric: Metric, of: ProspectOf): Prospect | string | null {
  const known = of.profile.metrics[metric.name];
  if (known === undefined) return null;
  if (metric.kind === 'ratio' && known.kind === 'ratio') return ratioGrowth(metric, known, of);
  if (metric.kind === 'latency' && known.kind === 'latency') return latencyGrowth(metric, known, of);
  if ((metric.kind === 'mean' || metric.kind === 'gauge') && known.kind === 'value')
    return valueGrowth(metric, known, of);
  return null;
}

function cohortsOf({ trials, frame }: ProspectOf): [canary: number, baseline: number] {
  return [trials * frame.share, trials * (1 - frame.share)];
}

/** `edge`: the place of a latency's edge, which has a noise of its own. `mirrored`: what a proof takes it for. */
function dispersionOf(
  { metric, edge = -1, mirrored }: { metric: string; edge?: number; mirrored: boolean },
  { profile, plan, fallback }: ProspectOf,
): Dispersion {
  const { dispersion, edgeDispersion } = profile.learnt;
  const { noise } = plan.analysis;
  const before = edgeDispersion?.[metric]?.[edge] ?? dispersion[metric];
  if (before === undefined && fallback !== undefined) return fallback;
  const usual = largestDispersion([before], noise);
  return mirrored ? plannedProofDispersion({ usual, before, noise }) : usual;
}

function ratioGrowth(metric: RatioMetric, { count }: Known<'ratio'>, of: ProspectOf): Prospect | string {
  const { plan, frame } = of;
  const margins = ratioMargins(plan, {
    stage: frame.index,
    metric,
    before: count,
    stageSoFar: { events: 0, total: 0 },
    accepted: null,
  });
  const rate = count.events / count.total;
  const [Nc, Nb] = cohortsOf(of);
  // As the gate orients itself: the rarer outcome is counted, good events with the cohorts exchanged.
  const turned = metric.good !== undefined && rate > 0.5;
  const counts = (difference: number): PollCounts =>
    turned
      ? {
          canaryEvents: Nb * (1 - rate),
          canaryTotal: Nb,
          baselineEvents: Nc * (1 - rate - difference),
          baselineTotal: Nc,
        }
      : {
          canaryEvents: Nc * (rate + difference),
          canaryTotal: Nc,
          baselineEvents: Nb * rate,
          baselineTotal: Nb,
        };
  const [c, mirrored] = turned ? [frame.mirrored, frame.c] : [frame.c, frame.mirrored];
  const course = (difference: number, at: { margin: number; mirrored: boolean }): Course[] => [
    countCourse({
      counts: counts(difference),
      margin: at.margin,
      difference,
      c: at.mirrored ? mirrored : c,
      dispersion: dispersionOf({ metric: metric.name, mirrored: at.mirrored }, of),
      mirrored: at.mirrored,
    }),
  ];
  return {
    canary: Nc,
    margins,
    largest: 1 - rate,
    best: rate,
    silent: 0,
    against: (difference, margin) => course(difference, { margin, mirrored: false }),
    proof: (margin) => course(0, { margin, mirrored: true }),
    improvement: (better, asked) => course(-better, { margin: -asked, mirrored: true }),
  };
}

function latencyGrowth(
  metric: LatencyMetric,
  { buckets, edges }: Known<'latency'>,
  of: ProspectOf,
): Prospect | string {
  const { plan, frame } = of;
  const margins = latencyMargins(plan, { stage: frame.index, metric: metric.name, accepted: null });
  if (edges.length === 0) return NO_EDGE;
  const total = histogramTotal(buckets);
  const [Nc, Nb] = cohortsOf(of);
  const likely = (seconds: number) => likelyAbove(buckets, seconds) / total;
  // A canary slower by a share has above the edge what the baseline has above the edge divided by as much.
  const courses = (
    slowdown: number,
    at: { margin: number; mirrored: boolean; edges?: readonly number[] },
  ): Course[] =>
    (at.edges ?? edges).map((edge) =>
      countCourse({
        counts: {
          canaryEvents: Nc * likely(edge / (1 + slowdown)),
          canaryTotal: Nc,
          baselineEvents: Nb * likely(edge / (1 + at.margin)),
          baselineTotal: Nb,
        },
        margin: 0,
        difference: likely(edge / (1 + slowdown)) - likely(edge / (1 + at.margin)),
        c: at.mirrored ? frame.mirrored : frame.c,
        dispersion: dispersionOf(
          { metric: metric.name, edge: edges.indexOf(edge), mirrored: at.mirrored },
          of,
        ),
        mirrored: at.mirrored,
      }),
    );
  return {
    canary: Nc,
    margins,
    largest: A_HUNDREDFOLD,
    best: 1 - FASTEST,
    silent: 0,
    against: (slowdown, margin) => courses(slowdown, { margin, mirrored: false }),
    proof: (margin) => courses(0, { margin, mirrored: true }),
    // At the edge where the gate looks for it; without one nothing shows it.
    improvement: (better, asked) => {
      const edge = edges[improvementTrack({ edges, baseline: buckets }, { improve: asked })];
      return edge === undefined
        ? [() => 0]
        : courses(-better, { margin: -asked, mirrored: true, edges: [edge] });
    },
  };
}

function valueGrowth(
  metric: ValueMetric,
  { mean, squares }: Known<'value'>,
  of: ProspectOf,
): Prospect | string {
  const { plan, frame } = of;
  if (mean === 0) return 'its mean is 0: a share of it cannot be said';
  const written = stageMetric(plan, frame.index, metric.name);
  const size = (margin: Margin | null) => {
    const tolerance = toleranceOf(margin, mean);
    return tolerance === null ? null : tolerance / Math.abs(mean);
  };
  const margins = { soft: size(written.soft), hard: size(written.hard), improve: size(written.improve) };
  if (squares.length === 0) return NO_HALVES;
  const [Nc, Nb] = cohortsOf(of);
  // A gauge is one value a poll, whatever the traffic.
  const w = metric.kind === 'gauge' ? 1 : (Nc * Nb) / (Nc + Nb);
  const course =
    (gain: number, alpha: number): Course =>
    (age, below) => {
      // A gate knows the scatter by what the rollout has shown so far, and widens it the less that is.
      const scatter = varianceOf(expectedScatter(squares, age), { kind: 'zero' });
      if (scatter === null) return 0;
      // The gate estimates the scatter of its largest blocks from eight of them or some more, and may be unlucky with it. Equal
      // halves of a constant differ by nothing: it takes a least deviation then.
      const blocks = age / 2 ** Math.max(0, Math.floor(Math.log2(age / FEWEST_BLOCKS)));
      const unlucky = 1 + below * Math.sqrt(2 / blocks);
      const variance = Math.max(unlucky * scatter(age), w * LEAST_DEVIATION ** 2);
      const real = squares[Math.min(squares.length - 1, Math.floor(Math.log2(age)))] ?? 0;
      const z = gain * Math.sqrt((age * w) / variance) - below * Math.sqrt(real / variance);
      return lnValueEvidence({ z, n: age, scales: scalesOf(alpha) });
    };
  const { falseRollback, falsePromote } = plan.analysis;
  return {
    canary: metric.kind === 'gauge' ? 1 : Nc,
    margins,
    largest: A_HUNDREDFOLD,
    best: A_HUNDREDFOLD,
    silent: FEWEST_VALUES,
    against: (difference, margin) => [course(difference - margin, falseRollback)],
    proof: (margin) => [course(margin, falsePromote)],
    improvement: (better, asked) => [course(better - asked, falsePromote)],
  };
}
