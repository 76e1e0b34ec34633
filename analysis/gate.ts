import type { Assessment } from '../plans/assessment.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Reading, Rejection, Sample } from '../plans/sample.ts';
import { planInStage } from '../plans/shadow.ts';
import { isAlike, isShadowing, isUnserved } from '../plans/stages.ts';
import { areCounted, instanceRatio, mayDoubt } from './canary-noise.ts';
import type { Evidence, MetricEvidence } from './evidence.ts';
import { accept, partsOf } from './evidence.ts';
import { presentStopOf } from './findings.ts';
import { enterLatency, observeLatency, openLatency } from './latency.ts';
import { observeLimits } from './limits.ts';
import { openProcess } from './process-state.ts';
import { observeFlows, observeQuiet } from './quiet.ts';
import { enterRatio, observeRatio, openRatio } from './ratio.ts';
import { canaryBeside } from './slice-limits.ts';
import { enterSlices, observeSlices, openSlices } from './slices.ts';
import { faultsOf, withSoundHalves } from './soundness.ts';
import { enterSplit, observeSplit } from './split.ts';
import { openSplit } from './split-evidence.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { stageFrame } from './stage.ts';
import { isLasting, STANDS } from './stops.ts';
import { enterValue, observeValue, openValue } from './value.ts';
import { judge } from './verdict.ts';

/** The evidence of a rollout that has not begun. */
export function openEvidence(plan: Plan): Evidence {
  return {
    version: 7,
    stage: null,
    since: null,
    t: null,
    polls: { used: 0, ignored: 0, rejected: 0 },
    suspect: 0,
    last: null,
    rejectedSince: null,
    rejections: [],
    canarySeen: false,
    requests: { baseline: 0, canary: 0 },
    users: null,
    split: openSplit(),
    metrics: Object.fromEntries(plan.metrics.map((metric) => [metric.name, openMetric(metric)])),
    slices: openSlices(plan),
    limits: {},
  };
}

function openMetric(metric: Metric): MetricEvidence {
  switch (metric.kind) {
    case 'ratio':
      return openRatio();
    case 'latency':
      return openLatency();
    case 'mean':
    case 'gauge':
      return openValue();
  }
}

/**
 * A stage is entered, for the first time or again: its counts, minimums, proof and limits begin; the evidence
 * against the rollout goes on, also after a step back. What was accepted stays accepted.
 */
export function enterStage(evidence: Evidence, plan: Plan, stageIndex: number): Evidence {
  return enter(evidence, plan, { stageIndex });
}

function enter(evidence: Evidence, plan: Plan, context: GateContext): Evidence {
  const { stageIndex } = context;
  const frame = stageFrame(plan, stageIndex);
  const { metrics: before, aside } = apart(evidence, plan, stageIndex);
  const metrics = plan.metrics.map((metric) => {
    const known = before[metric.name];
    const fresh = openMetric(metric);
    const opened = known?.kind === fresh.kind ? known : fresh;
    return [metric.name, enterMetric(opened, { plan, frame, metric, context })] as const;
  });
  return {
    ...openEvidence(plan),
    stage: frame.name,
    t: evidence.t,
    // An outage of the source does not end because the stage does.
    rejectedSince: evidence.rejectedSince,
    split: enterSplit(evidence.split),
    ...(evidence.doubt === undefined ? {} : { doubt: evidence.doubt }),
    metrics: Object.fromEntries(metrics),
    slices: enterSlices(evidence, { plan, frame, context }),
    ...(aside === undefined ? {} : { aside }),
  };
}

/**
 * What tells two cohorts of the old path apart speaks against no canary, and what speaks against a canary not against them: each
 * waits aside while the other is gathered. The first to change over begins without evidence, and with what is known of the baseline.
 */
function apart(evidence: Evidence, plan: Plan, stageIndex: number): Pick<Evidence, 'metrics' | 'aside'> {
  const { stage, metrics, aside } = evidence;
  const from = plan.stages.find(({ name }) => name === stage);
  const next = isAlike(plan.stages[stageIndex]);
  // Before the first stage there is what an earlier rollout of the build has left, against its canary; else nothing.
  const before = stage === null ? next && !isAny(metrics) : isAlike(from);
  if (before === next) return aside === undefined ? { metrics } : { metrics, aside };
  return { metrics: aside ?? mapValues(metrics, withoutEvidence), aside: metrics };
}

function isAny(metrics: Evidence['metrics']): boolean {
  return Object.values(metrics).some(({ process }) => process.clock > 0);
}

function mapValues(
  metrics: Evidence['metrics'],
  by: (known: MetricEvidence) => MetricEvidence,
): Evidence['metrics'] {
  return Object.fromEntries(Object.entries(metrics).map(([name, known]) => [name, by(known)]));
}

function withoutEvidence(known: MetricEvidence): MetricEvidence {
  // Two cohorts of the old path say nothing about the canary's own noise.
  const process = openProcess(known.process.tracks.length);
  if (known.kind === 'value') {
    const { canaryTwins: _twins, ...others } = known;
    return { ...others, process };
  }
  const { canaryHalves: _halves, crowd: _crowd, ...others } = known;
  return { ...others, process };
}

/** People have mended what told two cohorts of the old path apart: the stage begins anew, with nothing of what was seen of it. */
export function beginAnew(evidence: Evidence): Evidence {
  return { ...evidence, stage: null, metrics: {} };
}

interface MetricFrame {
  plan: Plan;
  frame: StageFrame;
  metric: Metric;
  context: GateContext;
}

function enterMetric(evidence: MetricEvidence, at: MetricFrame): MetricEvidence {
  if (evidence.kind === 'ratio') return enterRatio(evidence, at.frame);
  if (evidence.kind === 'value') return enterValue(evidence, at.frame);
  return at.metric.kind === 'latency' ? enterLatency(evidence, { ...at, metric: at.metric }) : evidence;
}

function isIn({ stage }: Evidence, plan: Plan, { stageIndex }: GateContext): boolean {
  return stage !== null && stage === plan.stages[stageIndex]?.name;
}

/**
 * One poll. The work and the size of the result do not depend on what went before, a window that was read before
 * changes nothing, and a rejected one leaves all evidence as it is.
 */
export function observe(evidence: Evidence, plan: Plan, reading: Reading, context: GateContext): Evidence {
  const t = reading.kind === 'sample' ? reading.sample.t : reading.t;
  const inStage = isIn(evidence, plan, context) ? evidence : enter(evidence, plan, context);
  if (!Number.isFinite(t) || (inStage.t !== null && t <= inStage.t)) return inStage;
  let now: Evidence = { ...inStage, t, since: inStage.since ?? t - plan.source.poll };
  for (const [metric, value] of Object.entries(context.acceptances ?? {})) now = accept(now, metric, value);
  if (reading.kind === 'rejected') return reject(now, reading.rejections, plan.source.poll);
  const faults = faultsOf(reading.sample);
  if (faults.length > 0) return reject(now, faults, plan.source.poll);
  const { doubt: before, ...seen } = observeSample(now, {
    plan,
    context,
    sample: withSoundHalves(reading.sample),
  });
  return {
    ...seen,
    ...doubtAfter(before, { seen, plan, context }),
    limits: observeLimits(seen.limits, {
      plan: planInStage(plan, context.stageIndex),
      sample: reading.sample,
      expressions: reading.expressions,
      canary: canaryBeside(seen, reading.sample),
    }),
  };
}

/** Seconds of polls for which there would have been a stop. Asked only where one may be in doubt, as the canary has few instances. */
function doubtAfter(
  before: Evidence['doubt'],
  { seen, plan, context }: { seen: Omit<Evidence, 'doubt'>; plan: Plan; context: GateContext },
): Pick<Evidence, 'doubt'> {
  if (!partsOf(seen).some(([, { crowd }]) => mayDoubt(plan, instanceRatio(crowd)))) return {};
  if (seen.last !== 'used') return before === undefined ? {} : { doubt: before };
  const { severity, doubt } = presentStopOf(seen, plan, context);
  if (severity === null && doubt === null) return {};
  const stood = before?.seconds ?? 0;
  const seconds = stood + plan.source.poll;
  // What has been a stop stays one for as long as there is evidence for any.
  if (doubt === null) return { doubt: { seconds: Math.max(STANDS, seconds) } };
  // From then on it is asked in every poll: who began anew would be later with a worse canary whose time came sooner.
  const waits = stood < STANDS && seconds >= STANDS && !isLasting(doubt, plan);
  return { doubt: { seconds: waits ? stood : seconds } };
}

function reject(evidence: Evidence, rejections: readonly Rejection[], poll: number): Evidence {
  return {
    ...evidence,
    polls: { ...evidence.polls, rejected: evidence.polls.rejected + 1 },
    suspect:
      evidence.suspect + (rejections.some(({ kind }) => kind === 'reset' || kind === 'invalid') ? 1 : 0),
    last: 'rejected',
    rejectedSince: evidence.rejectedSince ?? (evidence.t ?? 0) - poll,
    rejections,
  };
}

function observeSample(
  evidence: Evidence,
  poll: { plan: Plan; context: GateContext; sample: Sample },
): Evidence {
  const { context, sample } = poll;
  const plan = planInStage(poll.plan, context.stageIndex);
  // Shadow runs have no users to split. Parts of the traffic are looked at once somebody is served.
  const shadowing = isShadowing(plan.stages[context.stageIndex]);
  const frame = stageFrame(plan, context.stageIndex);
  let used = false;
  const metrics = plan.metrics.map((metric) => {
    const known = evidence.metrics[metric.name] ?? openMetric(metric);
    const outcome = observeMetric(known, { plan, frame, metric, context, sample });
    used ||= outcome?.used === true;
    const missing = known.missing ?? sample.t - plan.source.poll;
    return [metric.name, outcome?.evidence ?? { ...known, missing }] as const;
  });
  const { requests, polls, quiet: before, ...others } = evidence;
  const quiet = observeQuiet(before, { sample, used, poll: plan.source.poll, compared: frame.compared });
  return {
    ...others,
    ...(quiet === undefined ? {} : { quiet }),
    flows: observeFlows(evidence.flows, { plan, sample }),
    polls: used ? { ...polls, used: polls.used + 1 } : { ...polls, ignored: polls.ignored + 1 },
    last: used ? 'used' : 'ignored',
    rejectedSince: null,
    rejections: [],
    canarySeen: true,
    requests: {
      baseline: requests.baseline + sample.baseline.requests,
      canary: requests.canary + sample.canary.requests,
    },
    users: sample.canary.users ?? evidence.users,
    ...(sample.instances !== undefined && areCounted(sample.instances)
      ? { instances: sample.instances }
      : {}),
    slices: isUnserved(plan.stages[frame.index])
      ? evidence.slices
      : observeSlices(evidence, { plan, frame, context, sample }),
    split: shadowing
      ? evidence.split
      : observeSplit(evidence.split, { plan, frame, sample, since: evidence.since ?? sample.t }),
    // What is not read here stays as it was: the evidence of other stages is not lost.
    metrics: { ...evidence.metrics, ...Object.fromEntries(metrics) },
  };
}

function observeMetric(
  evidence: MetricEvidence,
  poll: MetricFrame & { sample: Sample },
): { evidence: MetricEvidence; used: boolean } | null {
  const { metric } = poll;
  if (evidence.kind === 'ratio' && metric.kind === 'ratio')
    return observeRatio(evidence, { ...poll, metric });
  if (evidence.kind === 'latency' && metric.kind === 'latency') {
    return observeLatency(evidence, { ...poll, metric });
  }
  if (evidence.kind === 'value' && (metric.kind === 'mean' || metric.kind === 'gauge')) {
    return observeValue(evidence, { ...poll, metric });
  }
  return null;
}

/** The verdict on what was seen so far, by the table of the analysis guide. It changes nothing. */
export function assess(evidence: Evidence, plan: Plan, context: GateContext): Assessment {
  const inStage = isIn(evidence, plan, context) ? evidence : enter(evidence, plan, context);
  return judge(inStage, plan, context);
}
