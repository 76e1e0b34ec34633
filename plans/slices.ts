import { excludedNames } from './exclusion.ts';
import { type Limit, needsBaseline } from './limit.ts';
import type { LatencyMetric, Metric, RatioMetric } from './metric.ts';
import { perPlan } from './per-plan.ts';
import type { Plan } from './plan.ts';
import type { Coverage } from './stage.ts';
import { isTested } from './stages.ts';

export { partName } from './part-name.ts';

/** A part of the traffic: the series that have this value of a label. */
export interface Slice {
  label: string;
  value: string;
}

/** Requests of a slice that stand for one of its users where those are not counted, and the least where no users are asked. */
const REQUESTS_PER_USER = 10;
const FEWEST_REQUESTS = 1000;

/** `tier=enterprise` as label and value. */
export function sliceOf(text: string): Slice {
  const at = text.indexOf('=');
  return { label: text.slice(0, at), value: text.slice(at + 1) };
}

/** Every slice that the plan names anywhere, once, in its order. They are watched from the first stage to the last. */
export const planSlices = perPlan((plan): readonly string[] => [
  ...new Set(entries(plan).map(({ slice }) => slice)),
]);

/**
 * What must have been seen before the stage after `index` opens: the stage's own list, else the plan's. A stage that does not compare
 * the cohorts has only its own: employees need not have an enterprise among them.
 */
export function coverageOf(plan: Plan, index: number): readonly Coverage[] {
  const stage = plan.stages[index];
  const compared = stage?.percent !== undefined && stage.percent < 100;
  return remaining(plan, stage?.coverage ?? (compared ? plan.coverage : []));
}

/** Requests of the canary that a slice needs where its users are not counted. */
export function coverageRequests({ minUsers, minRequests }: Coverage): number {
  return minRequests ?? (minUsers === undefined ? FEWEST_REQUESTS : REQUESTS_PER_USER * minUsers);
}

/** The metrics that are counted in a slice: those that the plan names for it, else every ratio and latency with a margin. */
export function sliceMetrics(plan: Plan, slice: string): (RatioMetric | LatencyMetric)[] {
  const named = entries(plan).filter((one) => one.slice === slice);
  const all = named.some(({ metrics }) => metrics === undefined);
  const names = new Set(named.flatMap(({ metrics }) => metrics ?? []));
  return plan.metrics
    .filter(isCounted)
    .filter((metric) => isTested(plan, metric) && (all || names.has(metric.name)));
}

export function isCounted(metric: Metric): metric is RatioMetric | LatencyMetric {
  return metric.kind === 'ratio' || metric.kind === 'latency';
}

/** Who is excluded is served by neither cohort as the other's like: nothing is asked of them, and nothing held against the rest. */
function entries(plan: Plan): Coverage[] {
  return remaining(plan, allEntries(plan));
}

function remaining(plan: Plan, listed: readonly Coverage[]): Coverage[] {
  const excluded = excludedNames(plan);
  if (excluded.length === 0) return [...listed];
  const gone = goneSlices(plan);
  return listed.filter(({ slice }) => !gone.includes(slice));
}

/** The slices of whoever is excluded. One entry says whom a slice is, wherever else the slice stands. */
export function goneSlices(plan: Plan): string[] {
  const excluded = excludedNames(plan);
  const gone = allEntries(plan).filter(
    (one) => excluded.includes(whoIs(one)) || excluded.includes(one.slice),
  );
  return [...new Set(gone.map(({ slice }) => slice))];
}

function allEntries(plan: Plan): Coverage[] {
  return [...plan.coverage, ...plan.stages.flatMap(({ coverage }) => coverage ?? [])];
}

/** Who is taken off the canary with a slice, as exposures name them. */
export function whoIs({ slice, segment }: Coverage): string {
  return segment ?? slice;
}

/** The same of a slice by its text. */
export function whoIn(plan: Plan, slice: string): string {
  const named = allEntries(plan).find((one) => one.slice === slice && one.segment !== undefined);
  return named?.segment ?? slice;
}

/**
 * The limits that a slice can cross by itself: fixed ones of the canary that roll back, of a metric that is counted in it. They
 * decide where all of its users have the canary, so that there is nothing to compare.
 */
export function ownLimits(plan: Plan, slice: string): Limit[] {
  const names = sliceMetrics(plan, slice).map(({ name }) => name);
  return plan.limits.filter(
    (limit) =>
      limit.metric !== undefined &&
      names.includes(limit.metric) &&
      !needsBaseline(limit) &&
      limit.action === 'rollback',
  );
}

/** The slices that are taken off by themselves when they get worse, and who that is. */
export const severable = perPlan(
  (plan): ReadonlyMap<string, string> =>
    new Map(
      remaining(plan, allEntries(plan))
        .filter(({ then }) => then === 'exclude')
        .map((one) => [one.slice, whoIs(one)]),
    ),
);
