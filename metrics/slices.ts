import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample, SliceSample } from '../plans/sample.ts';
import { planSlices, type Slice, sliceMetrics, sliceOf } from '../plans/slices.ts';
import { cohortSample, type Layouts } from './cohort-samples.ts';
import type { Counted } from './differences.ts';
import type { Cohort } from './plan-queries.ts';
import type { CohortSeries } from './series.ts';
import type { Window } from './targets.ts';
import { usersOf } from './users.ts';

interface Request {
  plan: Plan;
  window: Window;
  series: readonly CohortSeries[];
  counted: readonly Counted[];
  /** The baseline's counters in two halves, as the whole has them. */
  halves: readonly (readonly Counted[])[] | undefined;
  /** The bucket edges of the whole. */
  layouts: Layouts;
}

/**
 * The plan's slices of a window, out of the very series and differences of the whole: raw selectors answer with all labels, so that a
 * slice costs no query, and its windows and timestamps are the same. A slice that no series of either cohort has is
 * absent, and so is a metric in it; a cohort that only has not served it yet counts zeros.
 */
export function slicesOf(request: Request): Pick<Sample, 'slices'> {
  const found = planSlices(request.plan).flatMap((text) => {
    const slice = sliceOf(text);
    const metrics = sliceMetrics(request.plan, text).filter((metric) => isTold(metric, slice, request));
    return metrics.length === 0 ? [] : [[text, sliceSample(slice, metrics, request)] as const];
  });
  return found.length === 0 ? {} : { slices: Object.fromEntries(found) };
}

function sliceSample(slice: Slice, metrics: Metric[], request: Request): SliceSample {
  const { window, series, counted, halves, layouts } = request;
  const plan = { ...request.plan, metrics };
  const inside = (of: readonly Counted[]) => of.filter((one) => has(one.series, slice));
  const users = usersIn(series, slice);
  const cohort = (name: Cohort): CohortSample => ({
    ...cohortSample(plan, inside(counted.filter((one) => one.series.cohort === name)), layouts[name]),
    ...(users === null ? {} : { users: usersOf(users, name, window) ?? 0 }),
  });
  const [first, second] = halves?.map((half) => cohortSample(plan, inside(half), layouts.baseline)) ?? [];
  return {
    baseline: cohort('baseline'),
    canary: cohort('canary'),
    ...(first === undefined || second === undefined ? {} : { halves: [first, second] }),
  };
}

/**
 * True where the trials have the slice, and the events its label: a counter of errors without the label would say that
 * the slice has none.
 */
function isTold({ name, kind }: Metric, slice: Slice, { counted }: Request): boolean {
  const own = counted.filter(({ series }) => series.metric === name);
  const trials = own.some(({ series }) => series.role !== 'events' && has(series, slice));
  const events = own.filter(({ series }) => series.role === 'events');
  const labelled = events.length === 0 || events.some(({ series }) => slice.label in series.labels);
  return trials && (kind !== 'ratio' || labelled);
}

/** All series, of the users those of the slice; null where no count of users has the label. */
function usersIn(series: readonly CohortSeries[], slice: Slice): CohortSeries[] | null {
  if (!series.some(({ role, labels }) => role === 'users' && slice.label in labels)) return null;
  return series.filter((one) => one.role !== 'users' || has(one, slice));
}

function has({ labels }: CohortSeries, { label, value }: Slice): boolean {
  return labels[label] === value;
}
