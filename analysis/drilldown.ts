import type { Breakdown, Dimension } from '../plans/breakdown.ts';
import type { ExplainedDimension, ExplainedValue, Explanation, Tally } from '../plans/explanation.ts';
import type { Cell } from './cells.ts';
import { cellOf, rateOf } from './cells.ts';
import { discoveries } from './false-discoveries.ts';
import { HOURS, hourCells } from './hours.ts';
import { canaryInstances, judgeInstances, lnApart } from './instances.ts';
import { countMeasure, type Measure } from './measure.ts';
import type { Search, Weighed, Whole } from './search.ts';
import { worseOf } from './value.ts';
import { valueMeasure } from './value-measure.ts';
import { sentenceOf } from './why.ts';

/**
 * Expected share of false findings. Not the plan's `falseRollback`: nothing is done by a finding, and a cause that is
 * left out costs its reader more than one too many.
 */
export const LEVEL = 0.05;
/** Values of a label that are told. */
const MOST_ROWS = 10;

/** How a search reads what was read: by the metric's kind. */
interface Reading {
  search: Search;
  measure: Measure;
  whole: Whole;
}

/**
 * Where a metric moved: for each value of each label, and for each hour, what of the canary is worse than the baseline at the same
 * value (bad events beyond its rate, sums beyond its mean), with the evidence for it, and whether one instance or the version is bad.
 * Findings are those of e-BH over all values of all labels.
 */
export function drilldown(breakdown: Breakdown, search: Search): Explanation {
  const measure = measureOf(search);
  const whole = wholeOf(breakdown, measure);
  const reading = { search, measure, whole };
  const hours = hourCells(whole.cell, { ...search, times: breakdown.times });
  const { dimensions, tests } = settled([
    ...breakdown.dimensions.map((dimension) => weigh(dimension, reading)),
    ...(hours.length === 0 ? [] : [weighHours(hours, reading)]),
  ]);
  const instances = instancesOf(dimensions, reading);
  const { from, to, used, note } = breakdown;
  const { canary, baseline } = tallies(whole.cell.sum, search);
  return {
    metric: search.metric.name,
    of: measure.of,
    sentence: sentenceOf({ search, whole, dimensions, instances }),
    from,
    to,
    windows: used,
    edge: search.edge,
    canary,
    baseline,
    excess: whole.excess,
    level: LEVEL,
    tests,
    dimensions: dimensions.map(told),
    instances,
    note: note ?? null,
  };
}

function isGood({ metric }: Search): boolean {
  return metric.kind === 'ratio' && metric.good !== undefined;
}

function measureOf(search: Search): Measure {
  const { metric, counted } = search;
  switch (metric.kind) {
    case 'ratio':
    case 'latency':
      return countMeasure({ counted, good: isGood(search) });
    case 'mean':
    case 'gauge':
      return valueMeasure(metric, LEVEL);
  }
}

function wholeOf({ dimensions }: Breakdown, measure: Measure): Whole {
  const cells = (dimensions[0]?.values ?? []).map(({ value, windows }) => measure.cell(value, windows));
  const cell = measure.together('', cells);
  const rate = rateOf(cell.sum.baselineEvents, cell.sum.baselineTotal) ?? 0;
  return { cell, rate, excess: measure.excesses([cell], rate)[0] ?? 0 };
}

const NO_MIX = { excess: 0, share: null, value: null };

function weigh(dimension: Dimension, reading: Reading): Weighed {
  const { search, whole } = reading;
  const { label } = dimension;
  const own = label === search.replicas;
  const measure = own ? reading.measure.instances : reading.measure;
  const cells = dimension.values.map(({ value, windows }) => measure.cell(value, windows));
  const outcomes = measure.of === 'rates' && !own && isOutcome(cells);
  const kind = own ? 'instances' : outcomes ? 'outcomes' : 'values';
  const note = faultOf(cells, measure);
  if (note !== null) return { label, kind, cells: [], rows: [], mix: NO_MIX, note };
  const counted = outcomes ? cells.map((cell) => amongAll(cell, whole)) : cells;
  const expected = cells.map((cell) => measure.expected(cell, whole.cell));
  return {
    label,
    kind,
    cells: counted,
    rows: rowsOf(counted, { ...reading, measure, kind, expected }),
    mix: outcomes || !measure.mixes ? NO_MIX : mixOf(cells, whole),
    note,
  };
}

/** The whole by the hours of its windows. */
function weighHours(cells: readonly Cell[], reading: Reading): Weighed {
  const { measure, whole } = reading;
  const expected = cells.map(({ sum }) => rateOf(sum.canaryTotal, whole.cell.sum.canaryTotal) ?? 0);
  const rows = rowsOf(cells, { ...reading, kind: 'hours', measure, expected });
  const mix = measure.mixes ? mixOf(cells, whole) : NO_MIX;
  return { label: HOURS, kind: 'hours', cells, rows, mix, note: null };
}

/** Why a label tells nothing; null: it does. */
function faultOf(cells: readonly Cell[], { of }: Pick<Measure, 'of'>): string | null {
  if (cells.every(({ value }) => value === '')) return 'no series has this label';
  if (of === 'values') return null;
  const torn = cells.some(
    ({ sum }) =>
      sum.canaryEvents > sum.canaryTotal ||
      sum.baselineEvents > sum.baselineTotal ||
      sum.canaryEvents < 0 ||
      sum.baselineEvents < 0,
  );
  return torn ? 'the events and the requests do not share this label' : null;
}

/** True where the value says what became of a request, such as its status: all of its requests are bad, or none. */
function isOutcome(cells: readonly Cell[]): boolean {
  const shares = cells.map(({ sum }) =>
    rateOf(sum.canaryEvents + sum.baselineEvents, sum.canaryTotal + sum.baselineTotal),
  );
  return shares.includes(0) && shares.includes(1) && shares.every((s) => s === 0 || s === 1 || s === null);
}

/** What became of requests is a share of all of them. */
function amongAll(cell: Cell, { cell: all }: Whole): Cell {
  const windows = cell.windows.map((counts, i) => ({
    ...counts,
    canaryTotal: all.windows[i]?.canaryTotal ?? counts.canaryTotal,
    baselineTotal: all.windows[i]?.baselineTotal ?? counts.baselineTotal,
  }));
  return cellOf(cell.value, windows, false);
}

interface Rows extends Omit<Reading, 'measure'> {
  measure: Omit<Measure, 'instances'>;
  kind: Weighed['kind'];
  /** What each is expected to have of the excess. */
  expected: readonly number[];
}

function rowsOf(cells: readonly Cell[], { search, whole, measure, kind, expected }: Rows): ExplainedValue[] {
  const excesses = measure.excesses(cells, whole.rate);
  // Instances of a sum are held against each other's means: what they are worse by has another whole.
  const apart = kind === 'instances' && measure.of === 'values';
  const total = apart ? excesses.reduce((sum, one) => sum + one, 0) : whole.excess;
  return cells.map((cell, i) => ({
    value: cell.value,
    ...tallies(cell.sum, search),
    excess: excesses[i] ?? 0,
    share: total > 0 ? (excesses[i] ?? 0) / total : null,
    only: cell.sum.baselineTotal > 0 ? (cell.sum.canaryTotal > 0 ? null : 'baseline') : 'canary',
    traffic: expected[i] ?? 0,
    lnE: evidenceOf(cell, cells, { kind, search, measure }),
    found: false,
  }));
}

/** People read events as the plan counts them, and values in their own direction. */
function tallies(sum: Cell['sum'], search: Search): { canary: Tally; baseline: Tally } {
  const { metric } = search;
  const good = isGood(search);
  const worse = metric.kind === 'mean' || metric.kind === 'gauge' ? worseOf(metric) : 1;
  const tally = (events: number, total: number) => ({
    events: good ? total - events : worse * events + 0,
    total,
  });
  return {
    canary: tally(sum.canaryEvents, sum.canaryTotal),
    baseline: tally(sum.baselineEvents, sum.baselineTotal),
  };
}

function evidenceOf(
  cell: Cell,
  cells: readonly Cell[],
  at: Pick<Rows, 'kind' | 'search' | 'measure'>,
): number | null {
  const { kind, search, measure } = at;
  if (kind !== 'instances') return measure.lnWorse(cell.windows, { margin: 0, G: search.G });
  if (!canaryInstances(cells).includes(cell)) return null;
  return lnApart(cell, cells, { ...search, measure, level: LEVEL });
}

/**
 * What of the excess is not in any rate: the canary was asked for more of the values that fail more in the baseline
 * too. With the values' own excess it is the whole.
 */
function mixOf(cells: readonly Cell[], { cell: all, rate, excess }: Whole): ExplainedDimension['mix'] {
  const parts = cells.map(({ value, sum }) => {
    const usual = all.sum.canaryTotal * (rateOf(sum.baselineTotal, all.sum.baselineTotal) ?? 0);
    const own = rateOf(sum.baselineEvents, sum.baselineTotal) ?? rate;
    return { value, part: (sum.canaryTotal - usual) * (own - rate) };
  });
  const [most] = [...parts].sort((a, b) => b.part - a.part);
  const mix = parts.reduce((total, { part }) => total + part, 0);
  const share = excess > 0 ? mix / excess : null;
  return { excess: mix, share, value: most !== undefined && most.part > 0 ? most.value : null };
}

/** Which values are found, over all dimensions at once. A label with one value is no search. */
function settled(dimensions: readonly Weighed[]): { dimensions: Weighed[]; tests: number } {
  const isTest = ({ rows }: Weighed, { lnE }: ExplainedValue) => rows.length > 1 && lnE !== null;
  const tests = dimensions.flatMap((one) => one.rows.filter((row) => isTest(one, row)));
  const found = discoveries(
    tests.map(({ lnE }) => lnE ?? 0),
    LEVEL,
  );
  const rejected = new Set(tests.filter((_, i) => found[i] === true));
  return {
    tests: tests.length,
    dimensions: dimensions.map((one) => ({
      ...one,
      rows: one.rows.map((row) => ({ ...row, found: rejected.has(row) })),
    })),
  };
}

function instancesOf(dimensions: readonly Weighed[], { search, measure }: Reading): Explanation['instances'] {
  const dimension = dimensions.find(({ kind }) => kind === 'instances');
  if (dimension === undefined) return { kind: 'unknown' };
  const found = new Set(dimension.rows.filter((row) => row.found).map(({ value }) => value));
  return judgeInstances(dimension.cells, found, { ...search, measure: measure.instances, level: LEVEL });
}

function told({ label, kind, rows, mix, note }: Weighed): ExplainedDimension {
  const ordered = [...rows].sort(
    (a, b) =>
      Number(b.found) - Number(a.found) ||
      b.excess - a.excess ||
      (b.lnE ?? 0) - (a.lnE ?? 0) ||
      (a.value < b.value ? -1 : 1),
  );
  return {
    label,
    kind,
    values: ordered.slice(0, MOST_ROWS),
    left: Math.max(0, ordered.length - MOST_ROWS),
    mix,
    note,
  };
}
