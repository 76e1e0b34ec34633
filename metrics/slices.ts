import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, HistorySample, Sample, SliceSample } from '../plans/sample.ts';
import { planSlices, type Slice, sliceMetrics, sliceOf } from '../plans/slices.ts';
import { cohortSample, type Layouts } from './cohort-samples.ts';
import type { Counted } from './differences.ts';
import { instancesOf } from './halves.ts';
import type { Cohort } from './plan-queries.ts';
import type { CohortSeries } from './series.ts';
import type { Window } from './targets.ts';
import { usersOf } from './users.ts';

interface Counts {
  plan: Plan;
  counted: readonly Counted[];
  /** Each cohort's counters in two halves, as the whole has them. */
  halves: Partial<Record<Cohort, readonly (readonly Counted[])[] | undefined>>;
  /** The bucket edges of the whole. */
  layouts: Layouts;
}

interface Request extends Counts {
  window: Window;
  series: readonly CohortSeries[];
}

/**
 * The plan's slices of a window, out of the very series and differences of the whole: raw selectors answer with all labels, so that a
 * slice costs no query, and its windows and timestamps are the same. A slice that no series of either cohort has is
 * absent, and so is a metric in it; a cohort that only has not served it yet counts zeros.
 */
export function slicesOf(request: Request): Pick<Sample, 'slices'> {
  const found = toldSlices(request).map(({ text, ...told }) => [text, sliceSample(told, request)] as const);
  return found.length === 0 ? {} : { slices: Object.fromEntries(found) };
}

/** The same of a window before the rollout: the baseline alone. */
export function historySlicesOf(request: Counts): Pick<HistorySample, 'slices'> {
  const found = toldSlices(request).map(({ text, ...told }) => [text, baselineOf(told, request)] as const);
  return found.length === 0 ? {} : { slices: Object.fromEntries(found) };
}

interface Told {
  slice: Slice;
  /** Those that the series tell. */
  metrics: Metric[];
}

function toldSlices(request: Counts): (Told & { text: string })[] {
  return planSlices(request.plan).flatMap((text) => {
    const slice = sliceOf(text);
    const metrics = sliceMetrics(request.plan, text).filter((metric) => isTold(metric, slice, request));
    return metrics.length === 0 ? [] : [{ text, slice, metrics }];
  });
}

function sliceSample(told: Told, request: Request): SliceSample {
  const { window, series } = request;
  const users = usersIn(series, told.slice);
  const withUsers = (cohort: CohortSample, name: Cohort): CohortSample =>
    users === null ? cohort : { ...cohort, users: usersOf(users, name, window) ?? 0 };
  const { baseline, ...halves } = baselineOf(told, request);
  const canaryHalves = halvesIn('canary', told, request);
  const within = (name: Cohort) =>
    request.counted.filter((one) => one.series.cohort === name && has(one.series, told.slice));
  return {
    baseline: withUsers(baseline, 'baseline'),
    canary: withUsers(cohortOf('canary', told, request), 'canary'),
    ...halves,
    ...(canaryHalves === undefined ? {} : { canaryHalves }),
    ...instancesOf({ baseline: within('baseline'), canary: within('canary') }),
  };
}

function baselineOf(told: Told, request: Counts): Pick<SliceSample, 'baseline' | 'halves'> {
  const halves = halvesIn('baseline', told, request);
  return {
    baseline: cohortOf('baseline', told, request),
    ...(halves === undefined ? {} : { halves }),
  };
}

function halvesIn(name: Cohort, told: Told, request: Counts): SliceSample['halves'] {
  const [first, second] =
    request.halves[name]?.map((half) => cohortOf(name, told, { ...request, counted: half })) ?? [];
  return first === undefined || second === undefined ? undefined : [first, second];
}

function cohortOf(name: Cohort, { slice, metrics }: Told, { plan, counted, layouts }: Counts): CohortSample {
  const inside = counted.filter(({ series }) => series.cohort === name && has(series, slice));
  return cohortSample({ ...plan, metrics }, inside, layouts[name]);
}

/**
 * True where the trials have the slice, and the events its label: a counter of errors without the label would say that
 * the slice has none.
 */
function isTold({ name, kind }: Metric, slice: Slice, { counted }: Counts): boolean {
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
