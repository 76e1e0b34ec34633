import type { Assessment, LimitAssessment, MetricAssessment, Severed, Verdict } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { ALIKE, ALIKE_TEXT, planInStage } from '../plans/shadow.ts';
import { partName, severable } from '../plans/slices.ts';
import { isAlike, isUnserved } from '../plans/stages.ts';
import type { Evidence } from './evidence.ts';
import { holdingsOf } from './holding.ts';
import { lnMixture } from './kernel.ts';
import { assessLimits, assessUserCap } from './limits.ts';
import type { Finding } from './metric-findings.ts';
import { findMetric } from './metric-findings.ts';
import { holdReason, limitReason, noDataReason, passReason, stopReason } from './reason.ts';
import { limitedSlices } from './slice-limits.ts';
import { findSlices, missingSlices } from './slices.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { stageFrame } from './stage.ts';
import { warningsOf } from './warnings.ts';
import type { Share } from './weights.ts';
import { sharesOf } from './weights.ts';

/** Polls of a stage without any series of the canary after which they are missing and not late. */
const NO_CANARY_POLLS = 5;

/** The verdict on a stage's evidence. Pure; every sentence of the verdict table is a branch of it. */
export function judge(evidence: Evidence, whole: Plan, context: GateContext): Assessment {
  const plan = planInStage(whole, context.stageIndex);
  const stage = plan.stages[context.stageIndex];
  const frame = stageFrame(plan, context.stageIndex);
  const findings = plan.metrics.map((metric) => findMetric(evidence, metric, { plan, frame, context }));
  const threshold = Math.log(1 / Math.max(plan.analysis.falseRollback, 1e-12));
  const all = [...findings, ...(isUnserved(stage) ? [] : findSlices(evidence, { plan, frame, context }))];
  // The shares are those of the whole plan: what decides elsewhere has its part of the error spent there.
  const { found, severed } = stopsOf(all, { shares: sharesOf(whole), threshold, plan });
  // Where both have the old path no stop is the canary's: people are asked what tells the cohorts apart.
  const alike = isAlike(stage);
  const stop: Stop = alike ? { ...found, carriers: new Set(), severity: null } : found;
  const limits = [
    ...(alike ? [alikeLimit(found, threshold, evidence.t)] : []),
    ...assessLimits(plan, evidence.limits),
    ...assessUserCap(evidence, plan.stages[frame.index]),
  ];
  const holding = holdingsOf(evidence, { plan, frame, findings });
  const parted = new Set(severed.map(nameOf));
  const metrics = all.map((finding) => ({
    ...finding.assessment,
    verdict: metricVerdict(finding, {
      evidence,
      plan,
      stop: { ...stop, carriers: new Set([...stop.carriers, ...parted]) },
      holds: (alike && found.carriers.has(nameOf(finding))) || holding.some((one) => holds(one, finding)),
    }),
  }));
  const limited = limitedSlices(evidence, plan);
  const apart = new Set(limited.map(({ slice }) => slice));
  const told = [...limited, ...tellSevered(severed, metrics, plan).filter(({ slice }) => !apart.has(slice))];
  const ending =
    alike && found.severity !== null
      ? { verdict: 'hold' as const, metric: null, reason: alikeReason(found) }
      : endingOf({ evidence, plan, stop, limits, frame, holding, metrics, severed: told });
  return {
    verdict: ending.verdict,
    stage: frame.name,
    t: evidence.t ?? 0,
    lnE: stop.lnE,
    threshold,
    metric: ending.metric,
    ...(ending.slice === undefined ? {} : { slice: ending.slice }),
    reason: ending.reason,
    ...(frame.compared ? {} : { compared: false as const }),
    ...(told.length === 0 || ending.verdict === 'hard' ? {} : { severed: told }),
    metrics,
    limits,
    holding,
    polls: evidence.polls,
    warnings: warningsOf({ evidence, plan, frame, context }),
  };
}

/**
 * A slice that the plan takes off by itself stops nothing else: the rest has its own part of the evidence, which is no more than
 * all of it. Those that carry a stop which the rest alone is not are to be taken off; a hard stop of the rest comes before them.
 */
function stopsOf(
  all: readonly Finding[],
  { shares, threshold, plan }: { shares: readonly Share[]; threshold: number; plan: Plan },
): { found: Stop; severed: Finding[] } {
  const alone = severable(plan);
  const isApart = ({ slice }: Finding) => slice !== null && alone.has(slice);
  const apart = all.filter(isApart);
  const rest = apart.length === 0 ? all : all.filter((one) => !isApart(one));
  const found = stopOf(rest, shares, threshold);
  if (apart.length === 0 || found.severity === 'hard') return { found, severed: [] };
  const together = stopOf(all, shares, threshold);
  const carrying = apart.filter((one) => together.carriers.has(nameOf(one)));
  if (carrying.length === 0) return { found, severed: [] };
  // Each slice once, by the metric that says most against it.
  const worst = new Map<string, Finding>();
  for (const one of carrying.toSorted((a, b) => b.assessment.lnE - a.assessment.lnE))
    if (!worst.has(one.slice ?? '')) worst.set(one.slice ?? '', one);
  const slices = [...worst.values()];
  return { found, severed: together.alone || found.severity !== null ? slices : slices.slice(0, 1) };
}

function tellSevered(
  severed: readonly Finding[],
  metrics: readonly MetricAssessment[],
  plan: Plan,
): Severed[] {
  return severed.flatMap((finding) => {
    const { metric, slice, severity, assessment: seen } = finding;
    if (slice === null) return [];
    const who = severable(plan).get(slice) ?? slice;
    const all =
      metrics.find((one) => one.metric === metric.name && one.slice === undefined)?.canaryRequests ?? 0;
    const share = all > 0 ? Math.min(1, seen.canaryRequests / all) : null;
    const reason = stopReason({ ...seen, verdict: severity }, finding);
    return { slice, who, metric: metric.name, severity, reason, share };
  });
}

interface Stop {
  lnE: number;
  /** Each of the carriers is enough by itself. */
  alone: boolean;
  /** Names of what carries a stop, metrics and slices of them; empty: nothing stops. */
  carriers: ReadonlySet<string>;
  severity: 'soft' | 'hard' | null;
  metric: Finding | null;
}

/**
 * Stop when the mixture over the metrics reaches 1/alpha. Metrics whose weighted evidence does so alone carry it;
 * else all that contribute do. One of them beyond its hard margin makes the stop hard.
 */
function stopOf(findings: readonly Finding[], shares: readonly Share[], threshold: number): Stop {
  const weights = new Map(shares.map((share) => [partName(share), share.weight]));
  const parts = findings.map((finding) => {
    const weight = weights.get(nameOf(finding)) ?? 0;
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
  if (!weighed || lnE < threshold)
    return { lnE, alone: false, carriers: new Set(), severity: null, metric: null };
  const alone = parts.filter(({ lnWeighted }) => lnWeighted >= threshold);
  const carrying = alone.length > 0 ? alone : parts.filter((part) => part.weight > 0 && part.lnE > 0);
  const severity = carrying.some(({ finding }) => finding.severity === 'hard') ? 'hard' : 'soft';
  const [first] = carrying
    .filter(({ finding }) => finding.severity === severity)
    .sort((a, b) => b.lnWeighted - a.lnWeighted || nameOf(a.finding).localeCompare(nameOf(b.finding)));
  return {
    lnE,
    alone: alone.length > 0,
    carriers: new Set(carrying.map(({ finding }) => nameOf(finding))),
    severity,
    metric: first?.finding ?? null,
  };
}

function alikeLimit({ lnE, severity }: Stop, threshold: number, t: number | null): LimitAssessment {
  const fired = severity !== null;
  const since = fired ? t : null;
  return { limit: ALIKE, value: lnE, threshold, since, fired, action: 'pause' };
}

function alikeReason({ metric }: Stop): string {
  if (metric === null) return ALIKE_TEXT;
  return `${ALIKE_TEXT}; ${stopReason(metric.assessment, metric)}`;
}

function nameOf({ metric, slice }: Finding): string {
  return partName({ metric: metric.name, slice });
}

interface MetricLook {
  evidence: Evidence;
  plan: Plan;
  stop: Stop;
  holds: boolean;
}

function metricVerdict(finding: Finding, look: MetricLook): Verdict {
  const { evidence, plan, stop } = look;
  const { metric, slice, severity } = finding;
  if (stop.carriers.has(nameOf(finding))) return severity;
  const known = slice === null ? evidence.metrics[metric.name] : evidence.slices[slice];
  if (known === undefined || known.missing !== null)
    return isLong(known?.missing ?? null, evidence, plan) ? 'no-data' : 'hold';
  return look.holds || evidence.last !== 'used' ? 'hold' : 'pass';
}

function holds(holding: Assessment['holding'][number], { metric, slice }: Finding): boolean {
  if (slice !== null) return holding.kind === 'coverage' && holding.slice === slice;
  if (holding.kind === 'exceedances' || holding.kind === 'quiet') return holding.metric === metric.name;
  return (
    (holding.kind === 'proof' || holding.kind === 'improvement') && holding.metrics.includes(metric.name)
  );
}

function isLong(missing: number | null, { t }: Evidence, plan: Plan): boolean {
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
  severed: readonly Severed[];
}

type Ending = Pick<Assessment, 'verdict' | 'metric' | 'slice' | 'reason'>;

function endingOf(the: Case): Ending {
  const { evidence, plan, stop, frame } = the;
  if (stop.severity === 'hard') return stopped(the, 'hard');
  const fired = the.limits.filter((limit) => limit.fired);
  const rollback = fired.find(({ action }) => action === 'rollback');
  if (rollback !== undefined)
    return { verdict: 'hard', metric: metricOf(plan, rollback), reason: limitReason(rollback, plan) };
  if (stop.severity === 'soft') return stopped(the, 'soft');
  if (isWithoutData(evidence, plan, frame.index))
    return {
      verdict: 'no-data',
      metric: null,
      reason: noDataReason(evidence, {
        slices: missingSlices(evidence, { plan, stage: frame.index }),
        holding: the.holding,
        metrics: longMissing(evidence, plan),
      }),
    };
  // Its action, a pause, is the limit's own; the plan's soft policy is about evidence.
  const [pause] = fired;
  if (pause !== undefined) return { verdict: 'hold', metric: null, reason: limitReason(pause, plan) };
  if (the.severed.length > 0)
    return { verdict: 'hold', metric: null, reason: severedReason(the.severed, plan) };
  if (the.holding.length > 0)
    return { verdict: 'hold', metric: null, reason: holdReason(the.holding, evidence) };
  return { verdict: 'pass', metric: null, reason: passReason(the.metrics, frame.compared) };
}

function stopped({ stop, metrics }: Case, verdict: 'soft' | 'hard'): Ending {
  const carrier = stop.metric;
  if (carrier === null) return { verdict, metric: null, reason: 'the evidence has reached its threshold' };
  const { metric, slice } = carrier;
  const assessment =
    metrics.find((one) => one.metric === metric.name && (one.slice ?? null) === slice) ?? carrier.assessment;
  const reason = stopReason(assessment, carrier);
  return { verdict, metric: metric.name, ...(slice === null ? {} : { slice }), reason };
}

function severedReason(severed: readonly Severed[], { mode }: Plan): string {
  const fate = mode === 'observe' ? 'would be' : 'is';
  return severed
    .map(({ who, reason }) => `${who} alone is worse and ${fate} taken off the canary: ${reason}`)
    .join('; ');
}

function metricOf(plan: Plan, limit: LimitAssessment): string | null {
  return plan.limits.find(({ name }) => name === limit.limit)?.metric ?? null;
}

/** Metrics that the samples lack for longer than the plan bears. */
function longMissing(evidence: Evidence, plan: Plan): string[] {
  const gone = plan.metrics.filter(({ name }) =>
    isLong(evidence.metrics[name]?.missing ?? null, evidence, plan),
  );
  return gone.map(({ name }) => name);
}

/** Nothing usable for as long as the plan bears, or a canary that never showed up. */
function isWithoutData(evidence: Evidence, plan: Plan, stage: number): boolean {
  const { t, last, rejectedSince, rejections, canarySeen, polls } = evidence;
  if (t === null) return false;
  if (last === 'rejected' && rejectedSince !== null && t - rejectedSince >= plan.policy.noData.after)
    return true;
  const absent = rejections.some(({ kind }) => kind === 'no-canary');
  if (last === 'rejected' && !canarySeen && absent && polls.rejected >= NO_CANARY_POLLS) return true;
  const { after } = plan.policy.noData;
  return longMissing(evidence, plan).length > 0 || missingSlices(evidence, { plan, stage, after }).length > 0;
}
