import type { Assessment, LimitAssessment, Verdict } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Evidence } from './evidence.ts';
import { holdingsOf } from './holding.ts';
import { lnMixture } from './kernel.ts';
import { assessLimits } from './limits.ts';
import type { Finding } from './metric-findings.ts';
import { findMetric } from './metric-findings.ts';
import { holdReason, limitReason, noDataReason, passReason, stopReason } from './reason.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { stageFrame } from './stage.ts';
import { warningsOf } from './warnings.ts';
import { weightsOf } from './weights.ts';

/** Polls of a stage without any series of the canary after which they are missing and not late. */
const NO_CANARY_POLLS = 5;

/** The verdict on a stage's evidence. Pure; every sentence of the verdict table is a branch of it. */
export function judge(evidence: Evidence, plan: Plan, context: GateContext): Assessment {
  const frame = stageFrame(plan, context.stageIndex);
  const findings = plan.metrics.map((metric) => findMetric(evidence, metric, { plan, frame, context }));
  const threshold = Math.log(1 / Math.max(plan.analysis.falseRollback, 1e-12));
  const stop = stopOf(findings, weightsOf(plan), threshold);
  const limits = assessLimits(plan, evidence.limits);
  const holding = holdingsOf(evidence, { plan, frame, findings });
  const metrics = findings.map((finding) => ({
    ...finding.assessment,
    verdict: metricVerdict(finding, {
      evidence,
      plan,
      stop,
      holds: holding.some((one) => holds(one, finding)),
    }),
  }));
  const ending = endingOf({ evidence, plan, stop, limits, frame, holding, metrics, findings });
  return {
    verdict: ending.verdict,
    stage: frame.name,
    t: evidence.t ?? 0,
    lnE: stop.lnE,
    threshold,
    metric: ending.metric,
    reason: ending.reason,
    metrics,
    limits,
    holding,
    polls: evidence.polls,
    warnings: warningsOf({ evidence, plan, frame, context }),
  };
}

interface Stop {
  lnE: number;
  /** The metrics that carry a stop; empty: nothing stops. */
  carriers: ReadonlySet<string>;
  severity: 'soft' | 'hard' | null;
  metric: Finding | null;
}

/**
 * Stop when the mixture over the metrics reaches 1/alpha. Metrics whose weighted evidence does so alone carry it;
 * else all that contribute do. One of them beyond its hard margin makes the stop hard.
 */
function stopOf(findings: readonly Finding[], weights: ReadonlyMap<string, number>, threshold: number): Stop {
  const parts = findings.map((finding) => {
    const weight = weights.get(finding.metric.name) ?? 0;
    const { lnE } = finding.assessment;
    return {
      finding,
      weight,
      lnE,
      lnWeighted: weight > 0 ? Math.log(weight) + lnE : Number.NEGATIVE_INFINITY,
    };
  });
  const weighed = parts.some(({ weight }) => weight > 0);
  const lnE = weighed ? lnMixture(parts) : 0;
  if (!weighed || lnE < threshold) return { lnE, carriers: new Set(), severity: null, metric: null };
  const alone = parts.filter(({ lnWeighted }) => lnWeighted >= threshold);
  const carrying = alone.length > 0 ? alone : parts.filter((part) => part.weight > 0 && part.lnE > 0);
  const severity = carrying.some(({ finding }) => finding.severity === 'hard') ? 'hard' : 'soft';
  const [first] = carrying
    .filter(({ finding }) => finding.severity === severity)
    .sort(
      (a, b) => b.lnWeighted - a.lnWeighted || a.finding.metric.name.localeCompare(b.finding.metric.name),
    );
  return {
    lnE,
    carriers: new Set(carrying.map(({ finding }) => finding.metric.name)),
    severity,
    metric: first?.finding ?? null,
  };
}

interface MetricLook {
  evidence: Evidence;
  plan: Plan;
  stop: Stop;
  holds: boolean;
}

function metricVerdict(
  { metric, severity }: Finding,
  { evidence, plan, stop, holds: held }: MetricLook,
): Verdict {
  if (stop.carriers.has(metric.name)) return severity;
  const known = evidence.metrics[metric.name];
  if (known === undefined || known.missing !== null)
    return isMissing(evidence, plan, metric.name) ? 'no-data' : 'hold';
  return held || evidence.last !== 'used' ? 'hold' : 'pass';
}

function holds(holding: Assessment['holding'][number], { metric }: Finding): boolean {
  if (holding.kind === 'exceedances') return holding.metric === metric.name;
  return (
    (holding.kind === 'proof' || holding.kind === 'improvement') && holding.metrics.includes(metric.name)
  );
}

function isMissing({ metrics, t }: Evidence, plan: Plan, name: string): boolean {
  const missing = metrics[name]?.missing ?? null;
  return missing !== null && t !== null && t - missing >= plan.policy.noData.after;
}

interface Case {
  evidence: Evidence;
  plan: Plan;
  stop: Stop;
  limits: readonly LimitAssessment[];
  frame: StageFrame;
  holding: Assessment['holding'];
  metrics: Assessment['metrics'];
  findings: readonly Finding[];
}

type Ending = Pick<Assessment, 'verdict' | 'metric' | 'reason'>;

function endingOf(the: Case): Ending {
  const { evidence, plan, stop, frame } = the;
  if (stop.severity === 'hard') return stopped(the, 'hard');
  const fired = the.limits.filter((limit) => limit.fired);
  const rollback = fired.find(({ action }) => action === 'rollback');
  if (rollback !== undefined)
    return { verdict: 'hard', metric: metricOf(plan, rollback), reason: limitReason(rollback, plan) };
  if (stop.severity === 'soft') return stopped(the, 'soft');
  if (isWithoutData(evidence, plan))
    return { verdict: 'no-data', metric: null, reason: noDataReason(evidence) };
  // Its action, a pause, is the limit's own; the plan's soft policy is about evidence.
  const [pause] = fired;
  if (pause !== undefined) return { verdict: 'hold', metric: null, reason: limitReason(pause, plan) };
  if (the.holding.length > 0)
    return { verdict: 'hold', metric: null, reason: holdReason(the.holding, evidence) };
  return { verdict: 'pass', metric: null, reason: passReason(the.metrics, frame.compared) };
}

function stopped({ stop, plan, metrics }: Case, verdict: 'soft' | 'hard'): Ending {
  const metric = stop.metric?.metric.name ?? null;
  const assessment = metrics.find((one) => one.metric === metric);
  const written = plan.metrics.find(({ name }) => name === metric);
  const reason =
    assessment === undefined || written === undefined
      ? 'the evidence has reached its threshold'
      : stopReason(assessment, written);
  return { verdict, metric, reason };
}

function metricOf(plan: Plan, limit: LimitAssessment): string | null {
  return plan.limits.find(({ name }) => name === limit.limit)?.metric ?? null;
}

/** Nothing usable for as long as the plan bears, or a canary that never showed up. */
function isWithoutData(evidence: Evidence, plan: Plan): boolean {
  const { t, last, rejectedSince, rejections, canarySeen, polls } = evidence;
  if (t === null) return false;
  if (last === 'rejected' && rejectedSince !== null && t - rejectedSince >= plan.policy.noData.after)
    return true;
  const absent = rejections.some(({ kind }) => kind === 'no-canary');
  if (last === 'rejected' && !canarySeen && absent && polls.rejected >= NO_CANARY_POLLS) return true;
  return plan.metrics.some(({ name }) => isMissing(evidence, plan, name));
}
