import type { LimitAssessment } from '../plans/assessment.ts';
import type { Limit } from '../plans/limit.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import type { Stage } from '../plans/stage.ts';
import type { Evidence } from './evidence.ts';
import { histogramTotal, quantileOf } from './histogram.ts';
import type { LimitCounts, LimitWindow } from './limit-window.ts';
import { isFired, windowAfter } from './limit-window.ts';

interface LimitPoll {
  plan: Plan;
  sample: Sample;
  expressions: Readonly<Record<string, number>>;
  /** The canary as a limit counts it; absent: all of it. */
  canary?: (limit: Limit) => CohortSample;
}

/** The plan's fixed limits after one more poll. A poll without a value neither counts nor ends the time. */
export function observeLimits(
  windows: Readonly<Record<string, LimitWindow>>,
  poll: LimitPoll,
): Readonly<Record<string, LimitWindow>> {
  if (poll.plan.limits.length === 0) return windows;
  const next = { ...windows };
  for (const limit of poll.plan.limits) {
    const value = valueOf(limit, poll);
    const threshold = thresholdOf(limit, poll);
    if (value === null || threshold === null) continue;
    const counts = countsOf(limit, poll);
    next[limit.name] = windowAfter(windows[limit.name], {
      t: poll.sample.t,
      poll: poll.plan.source.poll,
      limit,
      value,
      threshold,
      ...(counts === null ? {} : { counts }),
    });
  }
  return next;
}

/** Which limits stand where; fired: above for as long as the plan says. */
export function assessLimits(plan: Plan, windows: Readonly<Record<string, LimitWindow>>): LimitAssessment[] {
  return plan.limits.map((limit) => {
    const window = windows[limit.name];
    const kind = plan.metrics.find(({ name }) => name === limit.metric)?.kind;
    return {
      limit: limit.name,
      ...(kind === undefined ? {} : { kind }),
      value: window?.value ?? null,
      threshold: window?.threshold ?? (limit.above.kind === 'value' ? limit.above.value : limit.above.factor),
      since: window?.since ?? null,
      fired: window !== undefined && isFired(window, limit),
      action: limit.action,
    };
  });
}

/** The users that a stage may give the canary to; more of them were seen, whoever let them in. Nobody counts them: no limit. */
export function assessUserCap(
  { users, t }: Pick<Evidence, 'users' | 't'>,
  stage: Stage | undefined,
): LimitAssessment[] {
  const threshold = stage?.maxUsers;
  if (stage === undefined || threshold === undefined) return [];
  const fired = users !== null && users > threshold;
  const since = fired ? t : null;
  return [{ limit: `users of ${stage.name}`, value: users, threshold, since, fired, action: 'pause' }];
}

function valueOf(limit: Limit, { plan, sample, expressions, canary }: LimitPoll): number | null {
  if (limit.expr !== undefined) return finite(expressions[limit.name] ?? expressions[limit.expr]);
  const metric = plan.metrics.find(({ name }) => name === limit.metric);
  if (metric === undefined) return null;
  const cohort = limit.cohort === 'canary' ? canary?.(limit) : undefined;
  return cohortValue(metric, cohort ?? sample[limit.cohort]);
}

/** What a limit on a ratio counts; null: it has no counts. */
function countsOf(limit: Limit, { plan, sample, canary }: LimitPoll): LimitCounts | null {
  const metric = plan.metrics.find(({ name }) => name === limit.metric);
  if (metric?.kind !== 'ratio') return null;
  const of = (cohort: CohortSample) => cohort.ratios[metric.name] ?? { events: 0, total: 0 };
  const own = of(limit.cohort === 'canary' ? (canary?.(limit) ?? sample.canary) : sample.baseline);
  const baseline = of(sample.baseline);
  return [own.events, own.total, baseline.events, baseline.total];
}

function thresholdOf(limit: Limit, { plan, sample }: LimitPoll): number | null {
  if (limit.above.kind === 'value') return limit.above.value;
  const metric = plan.metrics.find(({ name }) => name === limit.metric);
  const baseline = metric === undefined ? null : cohortValue(metric, sample.baseline);
  return baseline === null ? null : baseline * limit.above.factor;
}

/** A ratio as the plan writes it, a quantile in seconds, or a value in its unit; null without requests. */
export function cohortValue(metric: Metric, cohort: CohortSample): number | null {
  if (metric.kind === 'ratio') {
    const count = cohort.ratios[metric.name];
    return count === undefined || !(count.total > 0) ? null : count.events / count.total;
  }
  if (metric.kind === 'gauge') return finite(cohort.gauges?.[metric.name]);
  if (metric.kind === 'mean') {
    const mean = cohort.means?.[metric.name];
    return mean === undefined || !(mean.count > 0) ? null : mean.sum / mean.count;
  }
  const buckets = cohort.histograms[metric.name];
  return buckets === undefined || !(histogramTotal(buckets) > 0)
    ? null
    : quantileOf(buckets, metric.quantile);
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
