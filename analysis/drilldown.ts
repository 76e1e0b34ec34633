import type { Breakdown, Dimension } from '../plans/breakdown.ts';
import type { ExplainedDimension, ExplainedValue, Explanation, Tally } from '../plans/explanation.ts';
import type { Cell } from './cells.ts';
import { cellOf, lnWorse, rateOf, together } from './cells.ts';
import { discoveries } from './false-discoveries.ts';
import { canaryInstances, judgeInstances, lnApart } from './instances.ts';
import type { Search, Weighed, Whole } from './search.ts';
import { sentenceOf } from './why.ts';

/**
 * Expected share of false findings. Not the plan's `falseRollback`: nothing is done by a finding, and a cause that is
 * left out costs its reader more than one too many.
 */
export const LEVEL = 0.05;
/** Values of a label that are told. */
const MOST_ROWS = 10;

/**
 * Where a metric moved: for each value of each label what of the canary's bad events is beyond the baseline's rate of
 * the same value, with the evidence for it, and whether one instance or the version is bad. Findings are those of e-BH
 * over all values of all labels.
 */
export function drilldown(breakdown: Breakdown, search: Search): Explanation {
  const whole = wholeOf(breakdown, search);
  const { dimensions, tests } = settled(
    breakdown.dimensions.map((dimension) => weigh(dimension, whole, search)),
  );
  const instances = instancesOf(dimensions, whole, search);
  const { from, to, used, note } = breakdown;
  const { canary, baseline } = tallies(whole.cell.sum, isGood(search));
  return {
    metric: search.metric.name,
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

function wholeOf({ dimensions }: Breakdown, search: Search): Whole {
  const values = dimensions[0]?.values ?? [];
  const cell = together(
    '',
    values.map(({ value, windows }) => cellOf(value, windows, isGood(search))),
  );
  const { canaryEvents, canaryTotal, baselineEvents, baselineTotal } = cell.sum;
  const rate = rateOf(baselineEvents, baselineTotal) ?? 0;
  return { cell, rate, excess: canaryEvents - canaryTotal * rate };
}

function weigh(dimension: Dimension, whole: Whole, search: Search): Weighed {
  const { label } = dimension;
  const cells = dimension.values.map(({ value, windows }) => cellOf(value, windows, isGood(search)));
  const kind = label === search.replicas ? 'instances' : isOutcome(cells) ? 'outcomes' : 'values';
  const note = faultOf(cells);
  const none = { excess: 0, share: null, value: null };
  if (note !== null) return { label, kind, cells: [], rows: [], mix: none, note };
  const counted = kind === 'outcomes' ? cells.map((cell) => amongAll(cell, whole)) : cells;
  return {
    label,
    kind,
    cells: counted,
    rows: counted.map((cell, i) => ({
      ...rowOf(cell, whole, isGood(search)),
      traffic: rateOf(cells[i]?.sum.canaryTotal ?? 0, whole.cell.sum.canaryTotal) ?? 0,
      lnE: evidenceOf(cell, counted, { kind, search }),
      found: false,
    })),
    mix: kind === 'outcomes' ? none : mixOf(cells, whole),
    note,
  };
}

/** Why a label tells nothing; null: it does. */
function faultOf(cells: readonly Cell[]): string | null {
  if (cells.every(({ value }) => value === '')) return 'no series has this label';
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

function rowOf(
  { value, sum }: Cell,
  whole: Whole,
  good: boolean,
): Omit<ExplainedValue, 'traffic' | 'lnE' | 'found'> {
  const { canaryEvents, canaryTotal, baselineEvents, baselineTotal } = sum;
  const excess = canaryEvents - canaryTotal * (rateOf(baselineEvents, baselineTotal) ?? whole.rate);
  return {
    value,
    ...tallies(sum, good),
    excess,
    share: whole.excess > 0 ? excess / whole.excess : null,
    only: baselineTotal > 0 ? (canaryTotal > 0 ? null : 'baseline') : 'canary',
  };
}

/** People read events as the plan counts them. */
function tallies(sum: Cell['sum'], good: boolean): { canary: Tally; baseline: Tally } {
  const tally = (events: number, total: number) => ({ events: good ? total - events : events, total });
  return {
    canary: tally(sum.canaryEvents, sum.canaryTotal),
    baseline: tally(sum.baselineEvents, sum.baselineTotal),
  };
}

function evidenceOf(
  cell: Cell,
  cells: readonly Cell[],
  at: { kind: Weighed['kind']; search: Search },
): number | null {
  const { kind, search } = at;
  const { G, counted } = search;
  if (kind !== 'instances') return lnWorse(cell.windows, { margin: 0, G, counted });
  return canaryInstances(cells).includes(cell) ? lnApart(cell, cells, { ...search, level: LEVEL }) : null;
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

function instancesOf(dimensions: readonly Weighed[], whole: Whole, search: Search): Explanation['instances'] {
  const dimension = dimensions.find(({ kind }) => kind === 'instances');
  if (dimension === undefined) return { kind: 'unknown' };
  const found = new Set(dimension.rows.filter((row) => row.found).map(({ value }) => value));
  const { G, assumed, counted } = search;
  return judgeInstances(dimension.cells, found, {
    G,
    assumed,
    counted,
    level: LEVEL,
    excess: whole.excess,
    baselineRate: whole.rate,
  });
}

function told({ label, rows, mix, note }: Weighed): ExplainedDimension {
  const ordered = [...rows].sort(
    (a, b) =>
      Number(b.found) - Number(a.found) ||
      b.excess - a.excess ||
      (b.lnE ?? 0) - (a.lnE ?? 0) ||
      (a.value < b.value ? -1 : 1),
  );
  return {
    label,
    values: ordered.slice(0, MOST_ROWS),
    left: Math.max(0, ordered.length - MOST_ROWS),
    mix,
    note,
  };
}
