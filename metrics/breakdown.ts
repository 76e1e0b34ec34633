import type { Breakdown, CohortCounts, Dimension } from '../plans/breakdown.ts';
import { Failure } from '../plans/failures.ts';
import { type Counted, differences } from './differences.ts';
import { cohortQueries } from './plan-queries.ts';
import { type Ask, QueryRefused } from './prometheus-api.ts';
import { type CohortSeries, cohortSeries, seriesText } from './series.ts';
import type { BreakdownRequest } from './source.ts';
import { LOOKBACK_STEPS, type Window } from './targets.ts';

/** Windows that one query spans. */
const WINDOWS_AT_ONCE = 120;
/** Windows that are read at most: four hours at 15 s. */
const MOST_WINDOWS = 960;
/** Raw samples after which no older ones are asked for. */
const MOST_POINTS = 2_000_000;
/** Values of a label that are told apart: the busiest. */
const MOST_VALUES = 100;
const OTHERS = '(others)';

/**
 * Reads both cohorts backwards, span by span, and takes the same differences over the same windows as the gate did, so
 * that what is explained is what was seen. Throws `SourceDown` and `QueryRefused`.
 */
export async function readBreakdown(ask: Ask, request: BreakdownRequest): Promise<Breakdown> {
  const { plan, from, to } = request;
  const { poll } = plan.source;
  const selectors = selectorsOf(request);
  const wanted = Math.min(MOST_WINDOWS, Math.floor((to - from) / poll + 1e-6));
  const labels = [...new Set(request.labels)];
  const windows: Cells[][] = [];
  const queries = new Set<string>();
  let note: string | undefined;
  let points = 0;
  let read = 0;
  while (read < wanted && note === undefined) {
    const count = Math.min(WINDOWS_AT_ONCE, wanted - read);
    const end = to - read * poll;
    const range = Math.round((count + LOOKBACK_STEPS) * poll * 1000);
    let series: CohortSeries[];
    try {
      series = await readSpan(ask, { request, selectors, end, range });
    } catch (error) {
      if (!(error instanceof QueryRefused) || read === 0) throw error;
      note = `what came before could not be read: ${error.message}`;
      break;
    }
    for (const { selector } of selectors) queries.add(`${selector}[${range}ms]`);
    windows.push(...windowsOf(series, { request, labels, end, count }));
    read += count;
    points += series.reduce((sum, { times }) => sum + times.length, 0);
    if (points > MOST_POINTS && read < wanted) note = 'what came before was left out: too many series';
  }
  return {
    from: to - read * poll,
    to,
    used: windows.length,
    rejected: read - windows.length,
    dimensions: labels.map((label, i) => dimensionOf(label, windows, i)),
    queries: [...queries],
    ...(note === undefined ? {} : { note }),
  };
}

function selectorsOf({ plan, metric }: BreakdownRequest) {
  const { queries, broken } = cohortQueries(plan);
  const [wrong] = broken.filter((one) => one.metric === metric);
  if (wrong !== undefined) throw new Failure('PROMETHEUS_QUERY', wrong.detail, { where: wrong.query });
  return queries.filter((query) => query.metric === metric);
}

async function readSpan(
  ask: Ask,
  span: {
    request: BreakdownRequest;
    selectors: ReturnType<typeof selectorsOf>;
    end: number;
    range: number;
  },
): Promise<CohortSeries[]> {
  const { request, selectors, end, range } = span;
  const until = Math.round(end * 1000);
  const answers = await Promise.all(
    selectors.map(async (query) => ({ query, answer: await ask(`${query.selector}[${range}ms]`, end) })),
  );
  return answers.flatMap(({ query, answer }) => {
    const [warning] = answer.warnings;
    if (warning !== undefined) throw new QueryRefused(`partial answer: ${warning}`);
    const all = cohortSeries({ plan: request.plan, query, after: until - range, until }, answer);
    const { within } = request;
    return within === undefined ? all : all.filter(({ labels }) => labels[within.label] === within.value);
  });
}

/** What each value of a label counted in one window. */
type Cells = Map<string, CohortCounts>;

/** For each window that is evidence, the newest first: what the values of each label counted. */
function windowsOf(
  series: readonly CohortSeries[],
  span: { request: BreakdownRequest; labels: readonly string[]; end: number; count: number },
): Cells[][] {
  const { request, labels, end, count } = span;
  const step = request.plan.source.poll * 1000;
  const windows: Cells[][] = [];
  for (let i = 0; i < count; i++) {
    const to = Math.round(end * 1000 - i * step);
    const window: Window = { from: to - step, to };
    const near = series.map((one) => between(one, window.from - LOOKBACK_STEPS * step, to));
    const { counted, rejections } = differences(near, window);
    if (rejections.length > 0 || counted.length === 0) continue;
    const events = request.edge === undefined ? counted : slowerThan(request.edge, counted);
    windows.push(labels.map((label) => cellsOf(events, label)));
  }
  return windows;
}

/** A histogram's `+Inf` bucket as all requests, and what its bucket of the edge lacks of it as events. */
function slowerThan(edge: number, buckets: readonly Counted[]): Counted[] {
  const groups = new Map<string, { all?: Counted; fast?: Counted }>();
  for (const one of buckets) {
    const { le = '', ...others } = one.series.labels;
    const group = groups.get(seriesText(others)) ?? {};
    groups.set(seriesText(others), group);
    if (le === '+Inf') group.all = one;
    else if (Number(le) === edge) group.fast = one;
  }
  return [...groups.values()].flatMap(({ all, fast }) =>
    all === undefined || fast === undefined
      ? []
      : [
          { series: { ...all.series, role: 'total' as const }, value: all.value },
          {
            series: { ...all.series, role: 'events' as const },
            value: Math.max(0, all.value - fast.value),
          },
        ],
  );
}

function cellsOf(counted: readonly Counted[], label: string): Cells {
  const cells: Cells = new Map();
  for (const { series, value } of counted) {
    const name = series.labels[label] ?? '';
    const cell = cells.get(name) ?? { ...NOTHING };
    cells.set(name, cell);
    const of = series.role === 'events' ? 'Events' : 'Total';
    cell[`${series.cohort}${of}`] += value;
  }
  return cells;
}

const NOTHING: CohortCounts = { canaryEvents: 0, canaryTotal: 0, baselineEvents: 0, baselineTotal: 0 };

/** The busiest values each for itself, the rest together: which they are depends on the requests of both cohorts alone. */
function dimensionOf(label: string, windows: readonly Cells[][], index: number): Dimension {
  const requests = new Map<string, number>();
  for (const cells of windows)
    for (const [value, { canaryTotal, baselineTotal }] of cells[index] ?? [])
      requests.set(value, (requests.get(value) ?? 0) + canaryTotal + baselineTotal);
  const ranked = [...requests].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([value]) => value);
  const kept = ranked.slice(0, ranked.length > MOST_VALUES ? MOST_VALUES - 1 : MOST_VALUES);
  const values = kept.map((value) => ({
    value,
    windows: windows.map((cells) => cells[index]?.get(value) ?? NOTHING),
  }));
  if (ranked.length === kept.length) return { label, values };
  const others = windows.map((cells) =>
    [...(cells[index] ?? [])].reduce(
      (sum, [value, counts]) => (kept.includes(value) ? sum : added(sum, counts)),
      NOTHING,
    ),
  );
  return { label, values: [...values, { value: OTHERS, windows: others }] };
}

function added(a: CohortCounts, b: CohortCounts): CohortCounts {
  return {
    canaryEvents: a.canaryEvents + b.canaryEvents,
    canaryTotal: a.canaryTotal + b.canaryTotal,
    baselineEvents: a.baselineEvents + b.baselineEvents,
    baselineTotal: a.baselineTotal + b.baselineTotal,
  };
}

/** The series' samples in (after, until], milliseconds. */
function between(series: CohortSeries, after: number, until: number): CohortSeries {
  const first = firstAbove(series.times, after);
  const end = firstAbove(series.times, until);
  return { ...series, times: series.times.slice(first, end), values: series.values.slice(first, end) };
}

/** Index of the first of ascending times that is later than `time`. */
function firstAbove(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}
