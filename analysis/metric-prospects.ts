import type { LatencyMetric, MeanMetric, Metric, RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';
import { largestDispersion } from './dispersion.ts';
import { countAbove, histogramTotal } from './histogram.ts';
import type { PollCounts } from './kernel.ts';
import { latencyMargins, ratioMargins, tested } from './margins.ts';
import type { MetricProfile, Profile } from './profile.ts';
import { type Course, countCourse, type Prospect } from './prospect.ts';
import { expectedScatter, varianceOf } from './scatter.ts';
import type { StageFrame } from './stage.ts';
import { likelyAbove } from './survival.ts';
import { scalesOf, toleranceOf } from './value.ts';
import { lnValueEvidence } from './value-kernel.ts';

export interface ProspectOf {
  plan: Plan;
  frame: StageFrame;
  profile: Profile;
  /** Requests (observations) of both cohorts together in one poll. */
  trials: number;
}

/** Polls before which the scatter of a value is not known, see `scatter.ts`. */
const FEWEST_VALUES = 12;

/** How a metric's evidence is expected to grow in a stage, or why that cannot be said. */
export function prospectOf(metric: Metric, of: ProspectOf): Prospect | string {
  const known = of.profile.metrics[metric.name];
  if (metric.kind === 'gauge')
    return metric.compare === 'canary'
      ? 'the baseline has no such value: only limits decide'
      : 'how much a gauge scatters is measured on the rollout itself';
  if (known === undefined) return 'the baseline had no requests of it';
  if (metric.kind === 'ratio' && known.kind === 'ratio') return ratioProspect(metric, known, of);
  if (metric.kind === 'latency' && known.kind === 'latency') return latencyProspect(metric, known, of);
  if (metric.kind === 'mean' && known.kind === 'mean') return meanProspect(metric, known, of);
  return 'the baseline had no requests of it';
}

type Known<K extends MetricProfile['kind']> = Extract<MetricProfile, { kind: K }>;

const ADVISORY = 'it has no margin in this stage: advisory';
const NO_RATE = 'its relative margin needs 1,000 requests of the baseline to be resolved';

function ratioProspect(metric: RatioMetric, { count }: Known<'ratio'>, of: ProspectOf): Prospect | string {
  const { plan, frame, trials } = of;
  const margins = ratioMargins(plan, {
    stage: frame.index,
    metric,
    before: count,
    stageSoFar: { events: 0, total: 0 },
    accepted: null,
  });
  const margin = tested(margins);
  if (margin === null) return isWithoutMargin(of, metric.name) ? ADVISORY : NO_RATE;
  const rate = count.events / count.total;
  const [Nc, Nb] = [trials * frame.share, trials * (1 - frame.share)];
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
  const dispersion = largestDispersion([of.profile.learnt.dispersion[metric.name]], plan.analysis.noise);
  const [c, mirrored] = turned ? [frame.mirrored, frame.c] : [frame.c, frame.mirrored];
  return {
    canary: Nc,
    tested: margin,
    soft: margins.soft,
    hard: margins.hard,
    largest: 1 - rate,
    silent: 0,
    against: (difference) => [countCourse({ counts: counts(difference), margin, difference, c, dispersion })],
    proof: (wanted) => [
      countCourse({
        counts: counts(0),
        margin: wanted,
        difference: 0,
        c: mirrored,
        dispersion,
        mirrored: true,
      }),
    ],
  };
}

function latencyProspect(
  metric: LatencyMetric,
  { buckets, edges }: Known<'latency'>,
  of: ProspectOf,
): Prospect | string {
  const { plan, frame, trials } = of;
  const margins = latencyMargins(plan, { stage: frame.index, metric: metric.name, accepted: null });
  const margin = tested(margins);
  if (margin === null) return ADVISORY;
  if (edges.length === 0)
    return "no bucket edge shows its margin at 0.5-20 % of the baseline's requests: advisory";
  const total = histogramTotal(buckets);
  const [Nc, Nb] = [trials * frame.share, trials * (1 - frame.share)];
  const counted = (seconds: number) => countAbove(buckets, seconds) / total;
  const likely = (seconds: number) => likelyAbove(buckets, seconds) / total;
  const dispersion = largestDispersion([of.profile.learnt.dispersion[metric.name]], plan.analysis.noise);
  // A canary slower by a share has above the edge what the baseline has above the edge divided by as much.
  const courses = (slowdown: number, at: { margin: number; mirrored: boolean }): Course[] =>
    edges.map((edge) =>
      countCourse({
        counts: {
          canaryEvents: Nc * likely(edge / (1 + slowdown)),
          canaryTotal: Nc,
          baselineEvents: Nb * counted(edge / (1 + at.margin)),
          baselineTotal: Nb,
        },
        margin: 0,
        difference: likely(edge / (1 + slowdown)) - counted(edge / (1 + at.margin)),
        c: at.mirrored ? frame.mirrored : frame.c,
        dispersion,
        mirrored: at.mirrored,
      }),
    );
  return {
    canary: Nc,
    tested: margin,
    soft: margins.soft,
    hard: margins.hard,
    largest: 100,
    silent: 0,
    against: (slowdown) => courses(slowdown, { margin, mirrored: false }),
    proof: (wanted) => courses(0, { margin: wanted, mirrored: true }),
  };
}

function meanProspect(
  metric: MeanMetric,
  { mean, squares }: Known<'mean'>,
  of: ProspectOf,
): Prospect | string {
  const { plan, frame, trials } = of;
  const written = stageMetric(plan, frame.index, metric.name);
  if (mean === 0) return 'its mean is 0: a share of it cannot be said';
  const size = (margin: Margin | null) => {
    const tolerance = toleranceOf(margin, mean);
    return tolerance === null ? null : tolerance / Math.abs(mean);
  };
  const margins = { soft: size(written.soft), hard: size(written.hard) };
  const margin = tested(margins);
  if (margin === null) return ADVISORY;
  if (squares.length === 0)
    return "its scatter is not known before the rollout: the baseline's series cannot be split in two halves";
  const [Nc, Nb] = [trials * frame.share, trials * (1 - frame.share)];
  const w = (Nc * Nb) / (Nc + Nb);
  const course =
    (difference: number, alpha: number): Course =>
    (age, below) => {
      // A gate knows the scatter by what the rollout has shown so far, and widens it the less that is.
      const variance = varianceOf(expectedScatter(squares, age), { kind: 'zero' })?.(age);
      if (variance === undefined || !(variance > 0)) return 0;
      const real = squares[Math.min(squares.length - 1, Math.floor(Math.log2(age)))] ?? 0;
      const z = difference * Math.sqrt((age * w) / variance) - below * Math.sqrt(real / variance);
      return lnValueEvidence({ z, n: age, scales: scalesOf(alpha) });
    };
  return {
    canary: Nc,
    tested: margin,
    soft: margins.soft,
    hard: margins.hard,
    largest: 100,
    silent: FEWEST_VALUES,
    against: (difference) => [course(difference - margin, plan.analysis.falseRollback)],
    proof: (wanted) => [course(wanted, plan.analysis.falsePromote)],
  };
}

function isWithoutMargin({ plan, frame }: ProspectOf, metric: string): boolean {
  const { soft, hard } = stageMetric(plan, frame.index, metric);
  return soft === null && hard === null;
}
