import type { MetricAssessment, Verdict } from '../plans/assessment.ts';
import type { Metric, Plan } from '../plans/plan.ts';
import type { Dispersion } from './dispersion.ts';
import type { Evidence, LatencyEvidence, MetricEvidence, ProofSums, RatioEvidence } from './evidence.ts';
import { countAbove, quantileOf } from './histogram.ts';
import { confidenceInterval } from './interval.ts';
import { lnEvidence, logSumExp } from './kernel.ts';
import { marginsOfLatency } from './latency.ts';
import type { Margins } from './margins.ts';
import { tested } from './margins.ts';
import type { Totals } from './process.ts';
import { evidenceOf, presentSegment } from './process.ts';
import { jumpOf, marginsOfRatio, mirroredJumpOf } from './ratio.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { dispersionsOf } from './stage.ts';
import { isTested } from './weights.ts';

/** What the gate finds about one metric before the metrics are weighed together. */
export interface Finding {
  metric: Metric;
  assessment: MetricAssessment;
  /** Tested in this stage: it has a margin here, and the cohorts are compared. */
  tested: boolean;
  /** How it stops, should it be among those that carry a stop. */
  severity: 'soft' | 'hard';
  /** Canary requests above the best filled edge of a latency; null: no edge is under test. */
  exceedances: number | null;
  /** The mirrored test has shown that it is not worse than its margin. */
  safe: boolean;
}

interface Look {
  plan: Plan;
  frame: StageFrame;
  context: GateContext;
}

export function findMetric(evidence: Evidence, metric: Metric, look: Look): Finding {
  const { plan, frame, context } = look;
  const known = evidence.metrics[metric.name];
  if (known === undefined) return nothing(metric);
  const dispersions = dispersionsOf({ plan, context, metric: metric.name }, known.halves);
  const margins =
    metric.kind === 'ratio' && known.kind === 'ratio'
      ? marginsOfRatio(plan, { stage: frame.index, metric, evidence: known })
      : known.kind === 'latency'
        ? marginsOfLatency(plan, { stage: frame.index, metric: metric.name, evidence: known })
        : { soft: null, hard: null };
  const { lnE, estimate } = evidenceOf(known.process, dispersions);
  const lnSafe = frame.compared
    ? lnSafety(known, { frame, dispersions, proof: plan.stages[frame.index]?.promote !== undefined })
    : 0;
  const safe = lnSafe >= Math.log(1 / plan.analysis.falsePromote);
  // Fewer good events are worse: people read such a metric in its own direction.
  const sign = metric.kind === 'ratio' && metric.good !== undefined ? -1 : 1;
  const shown =
    known.kind === 'ratio' ? margins : { soft: estimate?.soft ?? null, hard: estimate?.hard ?? null };
  const jumps = jumpsOf(known, frame);
  const interval =
    context.brief === true || !frame.compared
      ? null
      : confidenceInterval(known.interval, {
          alpha: plan.analysis.falseRollback / 2,
          ...jumps,
          // People see a latency at the edge nearest its quantile, which is the first.
          dispersion: dispersions[0] ?? (() => 0),
        });
  return {
    metric,
    tested: frame.compared && isTested(plan, metric),
    severity: isHard(margins, estimate) ? 'hard' : 'soft',
    exceedances: known.kind === 'latency' ? exceedancesOf(known) : null,
    safe,
    assessment: {
      metric: metric.name,
      verdict: 'pass' satisfies Verdict,
      lnE,
      estimate: sign * (estimate?.difference ?? 0) + 0,
      standardError: estimate?.standardError ?? 0,
      ...valuesOf(metric, known),
      soft: margins.soft === null || shown.soft === null ? null : sign * shown.soft,
      hard: margins.hard === null || shown.hard === null ? null : sign * shown.hard,
      interval: interval === null || sign === 1 ? interval : [-interval[1], -interval[0]],
      proven: isProofAsked(look, known) ? safe : null,
    },
  };
}

/** Evidence of the mirrored test over the stage: not worse than the proof's margin, or a latency's own margin. */
function lnSafety(
  evidence: MetricEvidence,
  at: { frame: StageFrame; dispersions: readonly Dispersion[]; proof: boolean },
): number {
  const { mirrored: c } = jumpsOf(evidence, at.frame);
  const mirrored = ([S, V, Q]: Totals | ProofSums, i: number) =>
    lnEvidence([{ S: -S, V, Q, c }], at.dispersions[i]?.(evidence.interval.polls) ?? 0);
  if (evidence.kind === 'ratio') return at.proof ? mirrored(evidence.proof, 0) : 0;
  const { tracks } = evidence.process;
  if (tracks.length === 0) return 0;
  return logSumExp(tracks.map(presentSegment).map(mirrored)) - Math.log(tracks.length);
}

function jumpsOf(evidence: MetricEvidence, frame: StageFrame): { c: number; mirrored: number } {
  if (evidence.kind === 'latency') return { c: frame.c, mirrored: frame.mirrored };
  return { c: jumpOf(evidence, frame), mirrored: mirroredJumpOf(evidence, frame) };
}

/** Proof is asked of every ratio, and of every latency that its buckets can show. */
function isProofAsked({ plan, frame }: Look, evidence: MetricEvidence): boolean {
  if (!frame.compared || plan.stages[frame.index]?.promote === undefined) return false;
  if (evidence.kind === 'ratio') return true;
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

function exceedancesOf({ edges, canary }: LatencyEvidence): number | null {
  if (edges === null) return 0;
  if (edges.length === 0) return null;
  return canary === null ? 0 : Math.max(...edges.map((edge) => countAbove(canary, edge)));
}

type Values = Pick<MetricAssessment, 'baseline' | 'canary' | 'baselineRequests' | 'canaryRequests'>;

function valuesOf(metric: Metric, evidence: MetricEvidence): Values {
  if (evidence.kind === 'ratio')
    return ratesOf(evidence, metric.kind === 'ratio' && metric.good !== undefined);
  const { baseline, canary } = evidence;
  const quantile = metric.kind === 'latency' ? metric.quantile : 0.95;
  return {
    baseline: baseline === null ? null : quantileOf(baseline, quantile),
    canary: canary === null ? null : quantileOf(canary, quantile),
    baselineRequests: baseline?.at(-1)?.[1] ?? 0,
    canaryRequests: canary?.at(-1)?.[1] ?? 0,
  };
}

function ratesOf({ baseline, canary }: RatioEvidence, good: boolean): Values {
  const rate = ({ events, total }: { events: number; total: number }) =>
    total > 0 ? (good ? total - events : events) / total : null;
  return {
    baseline: rate(baseline),
    canary: rate(canary),
    baselineRequests: baseline.total,
    canaryRequests: canary.total,
  };
}

function nothing(metric: Metric): Finding {
  return {
    metric,
    tested: false,
    severity: 'soft',
    exceedances: null,
    safe: false,
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
