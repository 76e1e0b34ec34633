import type { MetricAssessment, Verdict } from '../plans/assessment.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { isTested, stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';
import { valuesOf } from './cohort-values.ts';
import type { Evidence, LatencyEvidence, MetricEvidence, ProofSums, RatioEvidence } from './evidence.ts';
import { histogramTotal } from './histogram.ts';
import { confidenceInterval } from './interval.ts';
import { logSumExp } from './kernel.ts';
import { improvementTrack, marginsOfLatency } from './latency.ts';
import { exceedancesOf, type LatencyFacts, latencyFacts } from './latency-facts.ts';
import type { Margins } from './margins.ts';
import { tested } from './margins.ts';
import type { Estimate } from './process-evidence.ts';
import { evidenceOf, lnFirmOf, lnLately } from './process-evidence.ts';
import { presentSegment } from './process-state.ts';
import { proofDispersionsOf } from './proof-noise.ts';
import { jumpOf, marginsOfRatio, mirroredJumpOf } from './ratio.ts';
import type { Span } from './reason.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { countYardsticks, dispersionsOf } from './stage.ts';
import { Stretches } from './stretches.ts';
import type { Totals } from './totals.ts';
import { lnMirrored, unitOf, valueInterval, valueYardstick, worseOf } from './value.ts';
import type { Yardstick } from './yardstick.ts';
import { countYardstick } from './yardstick.ts';

/** What the gate finds about one metric before the metrics are weighed together. */
export interface Finding {
  metric: Metric;
  /** The part of the traffic it is about; null: all of it. */
  slice: string | null;
  assessment: MetricAssessment;
  /** Tested in this stage: it has a margin here, and the cohorts are compared. */
  tested: boolean;
  /** This stage has seen both cohorts of it. */
  seen: boolean;
  /** How it stops, should it be among those that carry a stop. */
  severity: 'soft' | 'hard';
  /** ln of its evidence by the larger noise. */
  lnFirm: () => number;
  /** ln of the evidence of the last so many polls alone; null: there are none. */
  lnLately: (polls: number) => number | null;
  /** The confidence interval of the difference, which only people read; null: too little for one. */
  interval: () => MetricAssessment['interval'];
  /** Canary requests above the best filled edge of a latency; null: no edge is under test. */
  exceedances: number | null;
  /** The mirrored test has shown that it is not worse than its margin. */
  safe: boolean;
  /** It has shown that it is better by what the plan asks; null: nothing is asked. */
  improved: boolean | null;
  span: Span | null;
  latency: LatencyFacts | null;
}

export interface Look {
  plan: Plan;
  frame: StageFrame;
  context: GateContext;
}

export function findMetric({ metrics }: Pick<Evidence, 'metrics'>, metric: Metric, look: Look): Finding {
  const { plan, frame } = look;
  const known = metrics[metric.name];
  if (known === undefined) return nothing(metric);
  const margins = marginsOf(metric, known, look);
  const yardsticks = yardsticksOf(known, { plan, context: look.context, metric: metric.name });
  const { lnE, carrier, track, estimate: found } = evidenceOf(known.process, yardsticks);
  const estimate = found === null || known.kind !== 'value' ? found : scaled(found, unitOf(known));
  const mirrored = frame.compared
    ? mirroredEvidence(known, look, { metric: metric.name, margins })
    : { safe: 0, better: 0 };
  const enough = Math.log(1 / plan.analysis.falsePromote);
  const safe = mirrored.safe >= enough;
  const sign = signOf(metric);
  const shown =
    known.kind === 'ratio' ? margins : { soft: estimate?.soft ?? null, hard: estimate?.hard ?? null };
  return {
    metric,
    slice: null,
    tested: frame.compared && isTested(plan, metric),
    seen: isSeen(known),
    severity: isHard(margins, estimate) ? 'hard' : 'soft',
    lnFirm: () => lnFirmOf(known.process, yardsticks),
    lnLately: (polls) => lnLately(known.process, yardsticks, polls),
    interval: () => intervalOf(known, look, metric),
    exceedances: known.kind === 'latency' ? exceedancesOf(known) : null,
    safe,
    improved: frame.compared && margins.improve !== null ? mirrored.better >= enough : null,
    span: carrier && { polls: carrier.age, stage: known.interval.polls, poll: plan.source.poll },
    latency:
      known.kind === 'latency' && metric.kind === 'latency'
        ? latencyFacts(known, { metric, margins, track })
        : null,
    assessment: {
      metric: metric.name,
      verdict: 'pass' satisfies Verdict,
      lnE,
      estimate: sign * (estimate?.difference ?? 0) + 0,
      standardError: estimate?.standardError ?? 0,
      ...valuesOf(metric, known),
      soft: margins.soft === null || shown.soft === null ? null : sign * shown.soft,
      hard: margins.hard === null || shown.hard === null ? null : sign * shown.hard,
      interval: null,
      proven: isProofAsked(look, known) ? safe : null,
    },
  };
}

/** Values are tested in shares of their level, and read in their unit. */
function scaled(estimate: Estimate, unit: number): Estimate {
  return {
    difference: unit * estimate.difference,
    standardError: unit * estimate.standardError,
    soft: unit * estimate.soft,
    hard: unit * estimate.hard,
  };
}

/** Minus one where less is worse: people read such a metric in its own direction. */
function signOf(metric: Metric): 1 | -1 {
  if (metric.kind === 'mean' || metric.kind === 'gauge') return worseOf(metric);
  return metric.kind === 'ratio' && metric.good !== undefined ? -1 : 1;
}

/** The margins in force; of values, that are resolved against each poll's baseline, only which of them there are. */
function marginsOf(metric: Metric, known: MetricEvidence, { plan, frame }: Look): Margins {
  const stage = frame.index;
  if (metric.kind === 'ratio' && known.kind === 'ratio')
    return marginsOfRatio(plan, { stage, metric, evidence: known });
  if (known.kind === 'latency')
    return marginsOfLatency(plan, { stage, metric: metric.name, evidence: known });
  const written = stageMetric(plan, stage, metric.name);
  const size = (margin: Margin | null) => (margin === null ? null : (margin.absolute ?? margin.relative));
  return {
    soft: known.accepted ?? size(written.soft),
    hard: size(written.hard),
    improve: size(written.improve),
  };
}

/** How each series of a metric is turned into evidence. */
export function yardsticksOf(
  known: MetricEvidence,
  at: { plan: Plan; context: GateContext; metric: string },
): Yardstick[] {
  return known.kind === 'value' ? [valueYardstick(known, at.plan)] : countYardsticks(at, known);
}

const MIRRORED = new Stretches();

/** ln of the evidence of the mirrored tests over the stage: not worse than a margin, better than one. */
function mirroredEvidence(
  known: MetricEvidence,
  look: Look,
  { metric, margins }: { metric: string; margins: Margins },
): { safe: number; better: number } {
  const { plan, frame, context } = look;
  if (known.kind === 'value') {
    const at = { evidence: known, plan };
    return { safe: lnMirrored(known.safety, at), better: lnMirrored(known.improvement, at) };
  }
  const asked = known.kind === 'latency' || plan.stages[frame.index]?.promote !== undefined;
  if (!asked && known.improvement[1] === 0) return { safe: 0, better: 0 };
  const yardsticks = proofDispersionsOf({ plan, context, metric }, known).map((one) => countYardstick(one));
  const { mirrored: c } = jumpsOf(known, frame);
  const mirrored = ([S, V, Q]: Totals | ProofSums, i: number) => {
    MIRRORED.clear();
    MIRRORED.add({ S: -S, V, Q, plainS: 0, c });
    return yardsticks[i]?.lnEvidence(MIRRORED, known.interval.polls) ?? 0;
  };
  const better = mirrored(known.improvement, known.kind === 'latency' ? improvementTrack(known, margins) : 0);
  if (known.kind === 'ratio') return { safe: asked ? mirrored(known.proof, 0) : 0, better };
  const { tracks } = known.process;
  if (tracks.length === 0) return { safe: 0, better: 0 };
  const safe = logSumExp(tracks.map(presentSegment).map(mirrored)) - Math.log(tracks.length);
  return { safe, better };
}

function intervalOf(known: MetricEvidence, look: Look, metric: Metric): MetricAssessment['interval'] {
  const { plan, frame } = look;
  if (!frame.compared) return null;
  const interval =
    known.kind === 'value'
      ? valueInterval(known, plan)
      : countInterval(known, look, { metric: metric.name, alpha: plan.analysis.falseRollback });
  return interval === null || signOf(metric) === 1 ? interval : [-interval[1], -interval[0]];
}

/** The confidence sequence of a stage's counts, worse when larger; `alpha` is that of both sides together. */
export function countInterval(
  known: RatioEvidence | LatencyEvidence,
  { plan, frame, context }: Look,
  { metric, alpha }: { metric: string; alpha: number },
): readonly [number, number] | null {
  // People see a latency at the edge nearest its quantile, which is the first.
  const [dispersion = () => 0] = dispersionsOf({ plan, context, metric }, known);
  return confidenceInterval(known.interval, { alpha: alpha / 2, ...jumpsOf(known, frame), dispersion });
}

function jumpsOf(
  evidence: RatioEvidence | LatencyEvidence,
  frame: StageFrame,
): { c: number; mirrored: number } {
  if (evidence.kind === 'latency') return { c: frame.c, mirrored: frame.mirrored };
  return { c: jumpOf(evidence, frame), mirrored: mirroredJumpOf(evidence, frame) };
}

/** Proof is asked of every ratio, of every value that has a margin, and of every latency that its buckets can show. */
function isProofAsked({ plan, frame }: Look, evidence: MetricEvidence): boolean {
  if (!frame.compared || plan.stages[frame.index]?.promote === undefined) return false;
  if (evidence.kind === 'ratio') return true;
  if (evidence.kind === 'value') return evidence.process.tracks.length > 0 && evidence.safety[2] > 0;
  return evidence.edges === null || evidence.edges.length > 0;
}

function isHard(
  margins: Margins,
  estimate: { difference: number; standardError: number; hard: number } | null,
): boolean {
  if (margins.hard === null || estimate === null) return false;
  // Where the hard margin is the one tested, evidence against it needs no second look.
  if (margins.soft === null || tested(margins) === margins.hard) return true;
  return estimate.difference - estimate.standardError >= estimate.hard;
}

/** A metric of which a cohort had nothing in the whole stage was not compared in it, however quiet its evidence is. */
function isSeen(known: MetricEvidence): boolean {
  if (known.kind === 'ratio') return known.interval.polls > 0;
  if (known.kind === 'value') return known.baseline[1] > 0 && known.canary[1] > 0;
  // Where no edge is under test the buckets are what people see.
  if (known.edges?.length === 0)
    return histogramTotal(known.baseline ?? []) > 0 && histogramTotal(known.canary ?? []) > 0;
  return known.interval.polls > 0 || known.process.tracks.some((track) => presentSegment(track)[7] > 0);
}

function nothing(metric: Metric): Finding {
  return {
    metric,
    slice: null,
    tested: false,
    seen: false,
    severity: 'soft',
    lnFirm: () => 0,
    lnLately: () => null,
    interval: () => null,
    exceedances: null,
    safe: false,
    improved: null,
    span: null,
    latency: null,
    assessment: {
      metric: metric.name,
      verdict: 'hold',
      lnE: 0,
      estimate: 0,
      standardError: 0,
      baseline: null,
      canary: null,
      baselineRequests: 0,
      canaryRequests: 0,
      soft: null,
      hard: null,
      interval: null,
      proven: null,
    },
  };
}
