import type { Breakdown, CohortCounts, Dimension } from '../plans/breakdown.ts';
import { Failure } from '../plans/failures.ts';
import { type Counted, differences } from './differences.ts';
import { gaugesAt } from './gauges.ts';
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
  const windows: Evidence[] = [];
  const combine = combineOf(request);
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
    windows.push(...windowsOf(series, { request, combine, labels, end, count }));
    read += count;
    points += sizeOf(series);
    if (points > MOST_POINTS && read < wanted) note = 'what came before was left out: too many series';
  }
  return {
    from: to - read * poll,
    to,
    used: windows.length,
    rejected: read - windows.length,
    times: windows.map(({ end }) => end),
    dimensions: labels.map((label, i) =>
      dimensionOf(
        label,
        windows.map(({ cells }) => cells[i] ?? new Map<string, CohortCounts>()),
        combine,
      ),
    ),
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

/** A window that is evidence: its end in Unix seconds, and for each label what its values counted. */
interface Evidence {
  end: number;
  cells: Cells[];
}

/** How values of the same label become one: counts and sums add up, of a gauge that is combined by `max` the largest stays. */
type Combine = 'add' | 'max';

function combineOf({ plan, metric }: BreakdownRequest): Combine {
  const found = plan.metrics.find(({ name }) => name === metric);
  return found?.kind === 'gauge' && found.combine === 'max' ? 'max' : 'add';
}

/** The newest first. */
function windowsOf(
  series: readonly CohortSeries[],
  span: {
    request: BreakdownRequest;
    combine: Combine;
    labels: readonly string[];
    end: number;
    count: number;
  },
): Evidence[] {
  const { request, combine, labels, end, count } = span;
  const step = request.plan.source.poll * 1000;
  const windows: Evidence[] = [];
  for (let i = 0; i < count; i++) {
    const to = Math.round(end * 1000 - i * step);
    const window: Window = { from: to - step, to };
    const counted = countedIn(seriesOfWindow(series, window), window, request);
    if (counted.length === 0) continue;
    windows.push({ end: to / 1000, cells: labels.map((label) => cellsOf(counted, label, combine)) });
  }
  return windows;
}

/** What the series counted, or have at the window's end; empty: it is no evidence. */
function countedIn(
  series: readonly CohortSeries[],
  window: Window,
  { metric, edge }: BreakdownRequest,
): Counted[] {
  const gauged = gaugesAt(series, window);
  if (gauged.length > 0) return gauged.some(({ value }) => !Number.isFinite(value)) ? [] : gauged;
  const { counted, rejections } = differences(series, window);
  if (rejections.length > 0) return [];
  return edge === undefined ? counted : slowerThan(counted, { metric, edge });
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

function cellsOf(counted: readonly Counted[], label: string, combine: Combine): Cells {
  const cells: Cells = new Map();
  for (const one of counted) {
    const name = one.series.labels[label] ?? '';
    cells.set(name, joined(cells.get(name) ?? NOTHING, countsOf(one), combine));
  }
  return cells;
}

function countsOf({ series: { role, cohort }, value }: Counted): CohortCounts {
  switch (role) {
    case 'gauge':
      return { ...NOTHING, [`${cohort}Events`]: value, [`${cohort}Total`]: 1 };
    case 'events':
    case 'sum':
      return { ...NOTHING, [`${cohort}Events`]: value };
    default:
      return { ...NOTHING, [`${cohort}Total`]: value };
  }
}

const NOTHING: CohortCounts = { canaryEvents: 0, canaryTotal: 0, baselineEvents: 0, baselineTotal: 0 };

/** The busiest values each for itself, the rest together: which they are depends on the requests of both cohorts alone. */
function dimensionOf(label: string, windows: readonly Cells[], combine: Combine): Dimension {
  const requests = new Map<string, number>();
  for (const cells of windows)
    for (const [value, { canaryTotal, baselineTotal }] of cells)
      requests.set(value, (requests.get(value) ?? 0) + canaryTotal + baselineTotal);
  const ranked = [...requests].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([value]) => value);
  const kept = ranked.slice(0, ranked.length > MOST_VALUES ? MOST_VALUES - 1 : MOST_VALUES);
  const values = kept.map((value) => ({
    value,
    windows: windows.map((cells) => cells.get(value) ?? NOTHING),
  }));
  if (ranked.length === kept.length) return { label, values };
  const others = windows.map((cells) =>
    [...cells].reduce(
      (sum, [value, counts]) => (kept.includes(value) ? sum : joined(sum, counts, combine)),
      NOTHING,
    ),
  );
  return { label, values: [...values, { value: OTHERS, windows: others }] };
}

function joined(a: CohortCounts, b: CohortCounts, combine: Combine): CohortCounts {
  if (combine === 'max') {
    const canary = larger([a.canaryEvents, a.canaryTotal], [b.canaryEvents, b.canaryTotal]);
    const baseline = larger([a.baselineEvents, a.baselineTotal], [b.baselineEvents, b.baselineTotal]);
    return {
      canaryEvents: canary[0],
      canaryTotal: canary[1],
      baselineEvents: baseline[0],
      baselineTotal: baseline[1],
    };
  }
  return {
    canaryEvents: a.canaryEvents + b.canaryEvents,
    canaryTotal: a.canaryTotal + b.canaryTotal,
    baselineEvents: a.baselineEvents + b.baselineEvents,
    baselineTotal: a.baselineTotal + b.baselineTotal,
  };
}

type Held = readonly [value: number, series: number];

/** A cohort without series has no value. */
function larger(a: Held, b: Held): Held {
  if (a[1] === 0 || b[1] === 0) return a[1] === 0 ? b : a;
  return b[0] > a[0] ? b : a;
}
