import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { planInStage, servedPlan } from '../plans/shadow.ts';
import { stageExposure, stageMax } from '../plans/stages.ts';
import { bakeTimeFor } from './bake-time.ts';
import { ratioMargins } from './margins.ts';
import { type MetricOutlook, metricOutlook, rareRate } from './metric-outlook.ts';
import type { Detection, Outlook } from './outlook.ts';
import { plannedRequests } from './planning.ts';
import { planSlicesOf, type SliceExpected, type SliceOutlook } from './slice-outlook.ts';
import { type StageFrame, stageFrame } from './stage.ts';
import { wholeShares } from './weights.ts';

/** What one stage can show with the traffic that the service has. Times in seconds. */
export interface StageOutlook {
  stage: string;
  /** Null where segments alone have the canary: how much of the traffic they are is not known. */
  percent: number | null;
  bake: number;
  max: number;
  /** False: nothing is compared here, only limits and minimums hold. */
  compared: boolean;
  /** Requests of the canary in an hour, by the metric that counts the requests; null: not known. */
  perHour: number | null;
  quietestPerHour: number | null;
  /** Distinct users of the canary of those that are counted now; null: not known. */
  users: number | null;
  /** `seconds`: null where it never comes, or cannot be known. */
  minRequests: { need: number; seconds: number | null } | null;
  minUsers: { need: number; expected: number | null } | null;
  metrics: MetricOutlook[];
  /** Parts of the traffic that decide beside the whole, or must have been seen. */
  slices: SliceOutlook[];
  /** A bake time within which most rollouts find what the thresholds name and any time shows; null: the present one. */
  proposedBake: number | null;
}

export interface Expected extends SliceExpected {
  /** Distinct users of both cohorts, as they are counted now. */
  users: number | null;
}

/** Of the stages that serve somebody: a decommission waits for the old path's silence, and traffic shows nothing there. */
export function planStages(expected: Expected): StageOutlook[] {
  return expected.plan.stages.flatMap(({ decommission }, index) =>
    decommission === undefined ? [planStage(expected, index)] : [],
  );
}

/** The metric whose trials are the requests, as samples count them. */
export function requestsMetric(plan: Plan): Metric | undefined {
  const kinds = ['ratio', 'latency', 'mean'] as const;
  return kinds.map((wanted) => plan.metrics.find(({ kind }) => kind === wanted)).find(Boolean);
}

export function planStage(expected: Expected, index: number): StageOutlook {
  const { plan, traffic, users } = expected;
  const frame = stageFrame(plan, index);
  const stage = plan.stages[index];
  const { percent, segments, mode } = stageExposure(plan, index);
  const known = percent > 0 ? percent : segments.length > 0 ? null : 0;
  const all = traffic[requestsMetric(servedPlan(plan))?.name ?? ''];
  const share = mode === 'shadow' ? 1 : known === null ? null : known / 100;
  const perHour = all === undefined || share === null ? null : all.perHour * share;
  const weights = wholeShares(plan);
  const metrics = frame.compared
    ? planInStage(plan, index).metrics.map((metric) =>
        metricOutlook(metric, {
          plan,
          frame,
          profile: expected.profile,
          weight: weights.get(metric.name) ?? 0,
          traffic: traffic[metric.name],
        }),
      )
    : [];
  const bake = stage?.bake ?? 0;
  const minUsers = stage?.minUsers ?? 0;
  return {
    stage: frame.name,
    percent: known,
    bake,
    max: stageMax(plan, index),
    compared: frame.compared,
    perHour,
    quietestPerHour: all?.quietest == null || share === null ? null : all.quietest.perHour * share,
    users: users === null || share === null || mode !== undefined ? null : Math.floor(users * share),
    minRequests: minimumOf(expected, frame, perHour),
    minUsers:
      minUsers === 0
        ? null
        : { need: minUsers, expected: users === null || share === null ? null : Math.floor(users * share) },
    metrics,
    slices: planSlicesOf(expected, { frame, share }),
    proposedBake: proposal(metrics, bake),
  };
}

/** The stage's own minimum, else the default that holds a gate, see `holding.ts`. */
function minimumOf(
  { plan, profile, traffic }: Expected,
  frame: StageFrame,
  perHour: number | null,
): StageOutlook['minRequests'] {
  const stage = plan.stages[frame.index];
  const seconds = (need: number, hourly: number | null) =>
    hourly !== null && hourly > 0 ? (need / hourly) * 3600 : null;
  if (stage?.minRequests !== undefined)
    return stage.minRequests === 0
      ? null
      : { need: stage.minRequests, seconds: seconds(stage.minRequests, perHour) };
  if (!frame.compared || stage?.promote !== undefined) return null;
  const ratios = planInStage(plan, frame.index).metrics.flatMap((metric) => {
    const known = profile.metrics[metric.name];
    if (metric.kind !== 'ratio' || known?.kind !== 'ratio') return [];
    const before = known.count;
    const at = { stage: frame.index, metric, before, stageSoFar: { events: 0, total: 0 }, accepted: null };
    const hourly = traffic[metric.name]?.perHour ?? 0;
    return [{ margins: ratioMargins(plan, at), rate: rareRate(known.count), hourly: hourly * frame.share }];
  });
  const hard = ratios.filter(({ margins }) => margins.hard !== null);
  const needs = (hard.length > 0 ? hard : ratios).flatMap(({ margins, rate, hourly }) => {
    const need = plannedRequests({
      rate,
      margin: margins.hard ?? margins.soft ?? 0,
      ratio: frame.share / (1 - frame.share),
    });
    return Number.isFinite(need) ? [{ need, seconds: seconds(need, hourly) }] : [];
  });
  const longest = ({ seconds: time }: { seconds: number | null }) => time ?? Number.POSITIVE_INFINITY;
  return needs.toSorted((a, b) => longest(b) - longest(a))[0] ?? null;
}

/** What the thresholds of a metric name: its hard margin, and twice the margin that is tested, as that itself is borne. */
export function namedDifferences({ detections }: Outlook): Detection[] {
  return detections.filter((one) => {
    if (one.kind === 'tolerated') return false;
    const bearable = detections.some(
      (other) => other.of === one.of && other.times === 1 && other.kind === 'tolerated',
    );
    return one.times === (bearable ? 2 : 1);
  });
}

/** What no time that people wait can show asks for another margin, and is left out. */
function proposal(metrics: readonly MetricOutlook[], bake: number): number | null {
  const times = metrics.flatMap((one) =>
    one.kind === 'not-planned' ? [] : namedDifferences(one.mean).map(bakeTimeToFind),
  );
  const longest = Math.max(0, ...times.filter((time) => time !== null));
  return longest > bake ? longest : null;
}

/** The bake time, as people write one, within which most rollouts find a difference; null: none. */
export function bakeTimeToFind(detection: Detection): number | null {
  if (detection.kind !== 'found' || detection.likely === null) return null;
  return bakeTimeFor(detection.likely);
}
