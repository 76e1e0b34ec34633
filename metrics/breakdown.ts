import type { Breakdown, CohortCounts, Dimension } from '../plans/breakdown.ts';
import { Failure } from '../plans/failures.ts';
import { type Counted, differences } from './differences.ts';
import { singleHistograms } from './latency-series.ts';
import { grownTo, growthKnows } from './native-histogram.ts';
import { cohortQueries } from './plan-queries.ts';
import { type Ask, QueryRefused, sizeOf } from './prometheus-api.ts';
import { type CohortSeries, cohortSeries, histogramText } from './series.ts';
import { seriesOfWindow } from './series-span.ts';
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
    points += sizeOf(series);
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
    const { counted, rejections } = differences(seriesOfWindow(series, window), window);
    if (rejections.length > 0 || counted.length === 0) continue;
    const events =
      request.edge === undefined
        ? counted
        : slowerThan(counted, { metric: request.metric, edge: request.edge });
    windows.push(labels.map((label) => cellsOf(events, label)));
  }
  return windows;
}

/** All requests of a histogram as trials, and what its buckets up to the edge lack of them as events. */
function slowerThan(
  counted: readonly Counted[],
  { metric, edge }: { metric: string; edge: number },
): Counted[] {
  const groups = new Map<string, { all?: Counted; fast?: number }>();
  for (const one of singleHistograms(counted, { [metric]: [edge] })) {
    const { labels } = one.series;
    const key = histogramText(labels);
    const group = groups.get(key) ?? {};
    groups.set(key, group);
    if (one.growth === undefined) {
      if (labels['le'] === '+Inf') group.all = one;
      else if (Number(labels['le']) === edge) group.fast = one.value;
    } else if (growthKnows(one.growth, edge)) {
      group.all = one;
      group.fast = grownTo(one.growth, edge);
    }
  }
  return [...groups.values()].flatMap(({ all, fast }) =>
    all === undefined || fast === undefined
      ? []
      : [
          { series: { ...all.series, role: 'total' as const }, value: all.value },
          { series: { ...all.series, role: 'events' as const }, value: Math.max(0, all.value - fast) },
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
