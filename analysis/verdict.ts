import type { Assessment, LimitAssessment, Severed, Verdict } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { ALIKE, ALIKE_TEXT, DOUBT, planInStage } from '../plans/shadow.ts';
import { partName } from '../plans/slices.ts';
import { isAlike } from '../plans/stages.ts';
import { duration } from '../plans/words.ts';
import type { Evidence } from './evidence.ts';
import { findingsOf } from './findings.ts';
import { holdingsOf } from './holding.ts';
import { assessLimits, assessUserCap } from './limits.ts';
import type { Finding } from './metric-findings.ts';
import { holdReason, limitReason, noDataReason, passReason, stopReason } from './reason.ts';
import { limitedSlices } from './slice-limits.ts';
import { missingSlices } from './slices.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { stageFrame } from './stage.ts';
import type { Stop } from './stops.ts';
import { nameOf, STANDS, stopsOf, tellSevered } from './stops.ts';
import { warningsOf } from './warnings.ts';

/** Polls of a stage without any series of the canary after which they are missing and not late. */
const NO_CANARY_POLLS = 5;

/** The verdict on a stage's evidence. Pure; every sentence of the verdict table is a branch of it. */
export function judge(evidence: Evidence, whole: Plan, context: GateContext): Assessment {
  const plan = planInStage(whole, context.stageIndex);
  const stage = plan.stages[context.stageIndex];
  const frame = stageFrame(plan, context.stageIndex);
  const { findings, ...bar } = findingsOf(evidence, whole, context);
  const all = context.brief === true ? findings : findings.map(withInterval);
  const { threshold } = bar;
  // Where both have the old path no stop is the canary's: people are asked what tells the cohorts apart.
  const alike = isAlike(stage);
  const stood = alike ? STANDS : (evidence.doubt?.seconds ?? 0);
  const { found, severed } = stopsOf(all, { ...bar, stood, plan });
  const stop: Stop = alike ? { ...found, carriers: new Set(), severity: null } : found;
  const limits = [
    ...(alike ? [evidenceLimit(ALIKE, found, { threshold, t: evidence.t })] : []),
    ...(stop.doubt === null ? [] : [evidenceLimit(DOUBT, found, { threshold, t: evidence.t })]),
    ...assessLimits(plan, evidence.limits),
    ...assessUserCap(evidence, plan.stages[frame.index]),
  ];
  const holding = [
    ...(found.doubt === null
      ? []
      : [doubtHolding(found.doubt, { stood, t: evidence.t ?? 0, poll: plan.source.poll })]),
    ...holdingsOf(evidence, { plan, frame, findings: all.filter(({ slice }) => slice === null) }),
  ];
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

function withInterval(finding: Finding): Finding {
  return { ...finding, assessment: { ...finding.assessment, interval: finding.interval() } };
}

/** A pause for what the evidence says and that is no stop: fired while there is evidence for one. */
function evidenceLimit(
  limit: string,
  { lnE, severity, doubt }: Stop,
  { threshold, t }: { threshold: number; t: number | null },
): LimitAssessment {
  const fired = severity !== null || doubt !== null;
  const since = fired ? t : null;
  return { limit, value: lnE, threshold, since, fired, action: 'pause' };
}

function alikeReason({ metric }: Stop): string {
  if (metric === null) return ALIKE_TEXT;
  return `${ALIKE_TEXT}; ${stopReason(metric.assessment, metric)}`;
}

function doubtHolding(
  finding: Finding,
  { stood, t, poll }: { stood: number; t: number; poll: number },
): Extract<Assessment['holding'][number], { kind: 'doubt' }> {
  const left = STANDS - stood;
  // After half an hour any poll may be the one.
  const until = left > poll ? t + left : t;
  return { kind: 'doubt', part: nameOf(finding), detail: doubtDetail(finding), until };
}

/** It stands in the journal and in a pause for as long as they last: without what is left of the time. */
function doubtReason(finding: Finding): string {
  const all = duration(STANDS);
  return `${doubtDetail(finding)}; stops by itself once that has stood for ${all}, as so few canary instances may differ by as much`;
}

function doubtDetail(finding: Finding): string {
  return stopReason({ ...finding.assessment, verdict: finding.severity }, finding);
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
  if (holding.kind === 'doubt') return holding.part === partName({ metric: metric.name, slice });
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
  if (pause !== undefined)
    return {
      verdict: 'hold',
      metric: null,
      reason: stop.doubt === null ? limitReason(pause, plan) : doubtReason(stop.doubt),
    };
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
