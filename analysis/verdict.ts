import type { Assessment, LimitAssessment, Severed, Verdict } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { ALIKE, ALIKE_TEXT, planInStage } from '../plans/shadow.ts';
import { isAlike, isUnserved } from '../plans/stages.ts';
import { isMeasured } from './canary-noise.ts';
import type { Evidence } from './evidence.ts';
import { holdingsOf } from './holding.ts';
import { assessLimits, assessUserCap } from './limits.ts';
import type { Finding } from './metric-findings.ts';
import { findMetric } from './metric-findings.ts';
import { holdReason, limitReason, noDataReason, passReason, stopReason, withheldText } from './reason.ts';
import { limitedSlices } from './slice-limits.ts';
import { findSlices, missingSlices } from './slices.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { stageFrame } from './stage.ts';
import type { Stop } from './stops.ts';
import { nameOf, stopsOf, tellSevered } from './stops.ts';
import { warningsOf } from './warnings.ts';
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
    ...(ending.verdict === 'soft' && stop.withheld !== null ? { withheld: stop.withheld } : {}),
    ...(frame.compared ? {} : { compared: false as const }),
    ...(told.length === 0 || ending.verdict === 'hard' ? {} : { severed: told }),
    metrics,
    limits,
    holding,
    polls: evidence.polls,
    warnings: warningsOf({ evidence, plan, frame, context }),
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

interface MetricLook {
  evidence: Evidence;
  plan: Plan;
  stop: Stop;
  holds: boolean;
}

function metricVerdict(finding: Finding, look: MetricLook): Verdict {
  const { evidence, plan, stop } = look;
  const { metric, slice, severity } = finding;
  if (stop.carriers.has(nameOf(finding))) return stop.withheld === null ? severity : 'soft';
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

function stopped(the: Case, verdict: 'soft' | 'hard'): Ending {
  const { stop, metrics } = the;
  const carrier = stop.metric;
  if (carrier === null) return { verdict, metric: null, reason: 'the evidence has reached its threshold' };
  const { metric, slice } = carrier;
  const assessment =
    metrics.find((one) => one.metric === metric.name && (one.slice ?? null) === slice) ?? carrier.assessment;
  const held = stop.withheld === null ? '' : withheldText(stop.withheld, noiseOf(carrier, the.evidence));
  // By its own margin, also where it is held back.
  const told = stop.withheld === null ? assessment : { ...assessment, verdict: carrier.severity };
  const reason = `${stopReason(told, carrier)}${held}`;
  return { verdict, metric: metric.name, ...(slice === null ? {} : { slice }), reason };
}

/** What is known of the noise of the canary by what carries a stop. */
function noiseOf(
  { metric, slice }: Finding,
  evidence: Evidence,
): { instances: number | null; measured: boolean } {
  const part = slice === null ? evidence : evidence.slices[slice];
  const measured =
    part?.metrics[metric.name]?.canaryHalves?.some((halves) => isMeasured({ halves })) === true;
  return { instances: evidence.instances?.canary ?? null, measured };
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
