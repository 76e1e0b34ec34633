import type { MetricAssessment } from '../plans/assessment.ts';
import type { Buckets, Count, InstanceCounts, Rejection } from '../plans/sample.ts';
import { partName } from '../plans/slices.ts';
import type { CanaryHalves } from './canary-halves.ts';
import type { Crowd } from './canary-noise.ts';
import type { Halves } from './halves.ts';
import type { IntervalSums } from './interval.ts';
import type { LimitWindow } from './limit-window.ts';
import type { Process } from './process-state.ts';
import { restartProcess } from './process-state.ts';
import type { Flow, Quiet } from './quiet.ts';
import type { Scatter } from './scatter.ts';
import type { SplitEvidence } from './split-evidence.ts';
import { slowdownOf } from './survival.ts';

/**
 * Sums of a mirrored test since the stage was entered: score, variance and dispersion factor of counts; score, weight
 * and polls of values.
 */
export type ProofSums = readonly [S: number, V: number, Q: number];

interface Common {
  /** The difference that a person has accepted in place of the soft margin, in the unit of the estimate. */
  accepted: number | null;
  /** End of the last window before those that lack this metric; null: it is there. */
  missing: number | null;
  process: Process;
  /** The baseline's two halves since the rollout began, aligned with the process's tracks. */
  halves: readonly Halves[];
  /** The same of the canary, about their mean; absent: it had none. */
  canaryHalves?: readonly CanaryHalves[];
  /** Absent: the instances were not told. */
  crowd?: Crowd;
  interval: IntervalSums;
}

/** Counts are of bad events, whichever way the plan writes the metric. */
export interface RatioEvidence extends Common {
  kind: 'ratio';
  /** The outcome whose counts are the evidence; null before the first poll that is any. */
  counted: 'bad' | 'good' | null;
  /** The baseline in the stages before this one. */
  before: Count;
  baseline: Count;
  canary: Count;
  proof: ProofSums;
  improvement: ProofSums;
}

/** What of a latency's buckets the last poll could use. */
export interface BucketLook {
  /** Finite edges that both cohorts had. */
  common: readonly number[];
  /** Some of those that only one of them had, or only some of its processes. */
  apart: readonly number[];
  /** Edges under test that the poll could not be tested on. */
  gone: readonly number[];
  /** The common edges were others before in this stage. */
  changed: boolean;
  /** No edge was left to test it on: the metric has no data. */
  blind: boolean;
  /** The baseline's first edge when the edges under test were first used. */
  floor: number | null;
}

export interface LatencyEvidence extends Common {
  kind: 'latency';
  before: Buckets | null;
  baseline: Buckets | null;
  canary: Buckets | null;
  /** Edges under test, nearest to the quantile first; frozen once chosen. Null: not yet; empty: none will do. */
  edges: readonly number[] | null;
  /** Absent before the first poll with requests of both cohorts. */
  buckets?: BucketLook;
  /** The accepted difference as a slowdown. */
  slowdown: number | null;
  improvement: ProofSums;
}

/** Gauges and means. Differences are worse when larger, whichever way the plan writes the metric. */
export interface ValueEvidence extends Common {
  kind: 'value';
  /** What the values have been like, in their unit: scores are shares of it. Null before the first poll. */
  level: number | null;
  /** Paired differences since the rollout began, and those of the baseline's halves. */
  scatter: Scatter;
  twins: Scatter;
  /** The same of the canary's halves; absent: it had none. */
  canaryTwins?: Scatter;
  /** Over the stage: the values, weighted, and their weight. */
  baseline: readonly [sum: number, weight: number];
  canary: readonly [sum: number, weight: number];
  difference: ProofSums;
  safety: ProofSums;
  improvement: ProofSums;
}

/** What was seen of a part of the traffic: in this stage, and as evidence since the rollout began. */
export interface SliceEvidence {
  /** Distinct users of the canary; null: not told. */
  users: number | null;
  requests: { baseline: number; canary: number };
  /** End of the last window before those that lack the slice; null: it is there. */
  missing: number | null;
  metrics: Readonly<Record<string, RatioEvidence | LatencyEvidence>>;
  /** The plan's limits on the slice alone, while no baseline has been seen of it in this stage; absent: none. */
  limits?: Readonly<Record<string, LimitWindow>>;
}

export type MetricEvidence = RatioEvidence | LatencyEvidence | ValueEvidence;

/**
 * All that a gate knows of one rollout: plain JSON of bounded size, which a poll changes in constant time. It is
 * the same whether it was carried in memory or written out and read back in between.
 */
export interface Evidence {
  version: 7;
  /** By its name, as an amendment may move it; null before the first. */
  stage: string | null;
  /** Seconds since the rollout began at which the stage began: its first window's start. */
  since: number | null;
  t: number | null;
  /** Polls of the present stage. */
  polls: { used: number; ignored: number; rejected: number };
  /** Rejected polls of the present stage whose data were wrong, and not only absent while a source was away. */
  suspect: number;
  last: 'used' | 'ignored' | 'rejected' | null;
  /** End of the last good window before those that were rejected without a break. */
  rejectedSince: number | null;
  rejections: readonly Rejection[];
  /** Absent: the latest poll that was no rejection was used, or there was none. */
  quiet?: Quiet;
  /** By metric, of the present stage; absent: none was counted in it. */
  flows?: Readonly<Record<string, Flow>>;
  canarySeen: boolean;
  /** Seconds of polls for which what was seen has been a stop, or would have been one were the canary's noise known; absent: it would not. */
  doubt?: { seconds: number };
  requests: { baseline: number; canary: number };
  users: number | null;
  /** Those of the latest poll of the stage; absent: they were not told. */
  instances?: InstanceCounts;
  split: SplitEvidence;
  metrics: Readonly<Record<string, MetricEvidence>>;
  /** The same of the stages with the old path on both sides while others are seen, and the other way about; absent: none. */
  aside?: Readonly<Record<string, MetricEvidence>>;
  /** By the plan's text of the slice. */
  slices: Readonly<Record<string, SliceEvidence>>;
  limits: Readonly<Record<string, LimitWindow>>;
}

/** All that is tested, by its name: `errors`, `errors{tier=enterprise}`. */
export function partsOf({
  metrics,
  slices,
}: Pick<Evidence, 'metrics' | 'slices'>): [name: string, known: MetricEvidence][] {
  const parts = Object.entries(slices).flatMap(([slice, part]) =>
    Object.entries(part.metrics).map(([metric, known]): [string, MetricEvidence] => [
      partName({ metric, slice }),
      known,
    ]),
  );
  return [...Object.entries(metrics), ...parts];
}

/** What a person accepts: a difference in the unit of the estimate, or for a latency a share of the baseline's own time. */
export type Acceptance = number | { slowdown: number };

/**
 * A person accepts a difference (its sign does not matter): it takes the place of the metric's soft margin in every
 * stage from now on, and the metric's evidence starts again. The hard margin stays. For a latency a slowdown becomes
 * the margin as it is; a plain number is a share of requests above the edge nearest the quantile, and the margin
 * becomes the slowdown that lifts as much of the baseline above that edge. What is accepted of a metric is accepted in its slices, and
 * what is accepted of `errors{tier=enterprise}` in that slice alone; there the larger value counts. Unknown
 * names, and a slowdown of what is no latency, change nothing.
 */
export function accept(evidence: Evidence, name: string, value: Acceptance): Evidence {
  const known = evidence.metrics[name];
  const next = known === undefined ? undefined : accepted(known, value);
  let { slices } = evidence;
  for (const [slice, part] of Object.entries(evidence.slices)) {
    for (const [metric, before] of Object.entries(part.metrics)) {
      const meant = metric === name || partName({ metric, slice }) === name;
      if (!meant || !isMore(before, value)) continue;
      const metrics = { ...slices[slice]?.metrics, [metric]: accepted(before, value) };
      slices = { ...slices, [slice]: { ...part, metrics } };
    }
  }
  if (next === known && slices === evidence.slices) return evidence;
  return {
    ...evidence,
    slices,
    metrics: next === undefined ? evidence.metrics : { ...evidence.metrics, [name]: next },
  };
}

function accepted<T extends MetricEvidence>(known: T, value: Acceptance): T {
  return (
    typeof value === 'number' ? withDifference(known, value) : withSlowdown(known, value.slowdown)
  ) as T;
}

function isMore(known: RatioEvidence | LatencyEvidence, value: Acceptance): boolean {
  if (typeof value === 'number') return known.accepted === null || Math.abs(value) > Math.abs(known.accepted);
  return known.kind === 'latency' && (known.slowdown === null || value.slowdown > known.slowdown);
}

function withDifference(known: MetricEvidence, value: number): MetricEvidence {
  if (known.accepted === value) return known;
  const next: MetricEvidence = { ...known, accepted: value, process: restartProcess(known.process) };
  if (next.kind === 'latency') next.slowdown = acceptedSlowdown(next, Math.abs(value));
  return next;
}

function withSlowdown(known: MetricEvidence, slowdown: number): MetricEvidence {
  if (known.kind !== 'latency' || (known.accepted === null && known.slowdown === slowdown)) return known;
  return { ...known, accepted: null, slowdown, process: restartProcess(known.process) };
}

function acceptedSlowdown(evidence: LatencyEvidence, difference: number): number | null {
  const edge = evidence.edges?.[0];
  const history = evidence.baseline ?? evidence.before;
  return edge === undefined || history === null ? null : slowdownOf(history, { edge, difference });
}

/** The difference that an approval accepts when none is named: the bound of the interval on the side that is worse. */
export function acceptableDifference(metric: MetricAssessment): number {
  const fewerIsWorse = (metric.soft ?? metric.hard ?? 0) < 0;
  const [lower, upper] = metric.interval ?? [
    metric.estimate - 2 * metric.standardError,
    metric.estimate + 2 * metric.standardError,
  ];
  return fewerIsWorse ? lower : upper;
}
