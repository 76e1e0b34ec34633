import type { CohortCounts } from '../plans/breakdown.ts';
import type { Cell } from './cells.ts';
import { cellOf, lnWorse, rateOf, together } from './cells.ts';

/** What a value may be worse by, and how much equal cohorts differ. */
export interface Against {
  margin: number;
  G: number;
}

/** What it means to be worse: of events among trials, or of values. Cells are of what is worse when larger. */
export interface Measure {
  of: 'rates' | 'values';
  cell(value: string, windows: readonly CohortCounts[]): Cell;
  /** Several cells as one. */
  together(value: string, cells: readonly Cell[]): Cell;
  /** By how much the canary is worse in each of cells that are the whole; `rate`: the baseline's of the whole, where a cell has none. */
  excesses(cells: readonly Cell[], rate: number): number[];
  /** Whether a canary that was asked for other things can be worse by that alone. */
  mixes: boolean;
  /** What of the whole a cell is expected to have of the excess, if none stands out. */
  expected(cell: Cell, whole: Cell): number;
  /** ln of the evidence that the canary is worse than the baseline. Null: no window has both. */
  lnWorse(windows: readonly CohortCounts[], against: Against): number | null;
  /** By how much an instance is worse than the others with the baseline's code, and one standard error. */
  handicap(instance: Cell, others: Cell): number;
  /** How instances are compared, each with the others. */
  instances: Omit<Measure, 'instances'>;
}

/** Of events among trials, by the gate's kernel. */
export function countMeasure({ counted, good }: { counted: 'bad' | 'good'; good: boolean }): Measure {
  const measure: Omit<Measure, 'instances'> = {
    of: 'rates',
    mixes: true,
    cell: (value, windows) => cellOf(value, windows, good),
    together,
    excesses: (cells, rate) => cells.map((cell) => excessOf(cell, rate)),
    expected: ({ sum }, whole) => rateOf(sum.canaryTotal, whole.sum.canaryTotal) ?? 0,
    lnWorse: (windows, { margin, G }) => lnWorse(windows, { margin, G, counted }),
    handicap: countHandicap,
  };
  return { ...measure, instances: measure };
}

/** What the canary has beyond the baseline's rate of the same cell. */
export function excessOf({ sum }: Cell, rate: number): number {
  return sum.canaryEvents - sum.canaryTotal * (rateOf(sum.baselineEvents, sum.baselineTotal) ?? rate);
}

function countHandicap({ sum: own }: Cell, { sum: rest }: Cell): number {
  const here = rateOf(own.baselineEvents, own.baselineTotal);
  const there = rateOf(rest.baselineEvents, rest.baselineTotal);
  if (here === null || there === null) return 0;
  const error = Math.sqrt(
    (here * (1 - here)) / own.baselineTotal + (there * (1 - there)) / rest.baselineTotal,
  );
  return Math.max(0, here - there + (Number.isFinite(error) ? error : 0));
}
