import type { InstanceFinding } from '../plans/explanation.ts';
import type { Cell } from './cells.ts';
import { rateOf } from './cells.ts';
import { excessOf, type Measure } from './measure.ts';

export interface InstanceSearch {
  measure: Omit<Measure, 'instances'>;
  /** Between the cohorts, and between equal halves of the baseline: a bad instance is noise of the canary's halves, and must not hide in it. */
  G: number;
  baselineG: number;
  /** True where nothing was measured and both are the plan's `noise`. */
  assumed: boolean;
  level: number;
}

/** The most of the excess that may lie outside instances that are called bad by themselves. */
const REST = 0.3;

/** Canary instances by name; those of which the series say nothing are none. */
export function canaryInstances(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ value, sum }) => value !== '' && sum.canaryTotal > 0);
}

/**
 * ln of the evidence that a canary instance is worse than the other canary instances, beyond what it is with the
 * baseline's code: instances that serve both variants may be slow machines. Null: there is no other one.
 */
export function lnApart(instance: Cell, cells: readonly Cell[], search: InstanceSearch): number | null {
  const others = cells.filter((cell) => cell !== instance && cell.value !== '');
  const rest = search.measure.together('', others);
  const windows = instance.windows.map(({ canaryEvents, canaryTotal }, i) => ({
    canaryEvents,
    canaryTotal,
    baselineEvents: rest.windows[i]?.canaryEvents ?? 0,
    baselineTotal: rest.windows[i]?.canaryTotal ?? 0,
  }));
  return search.measure.lnWorse(windows, {
    margin: search.measure.handicap(instance, rest),
    G: search.baselineG * (search.assumed ? 1 : Math.max(1, baselineInstances(cells) / 2)),
  });
}

/**
 * What was measured of equal cohorts is of halves of the baseline, each the mean of half of its instances: one
 * instance differs from another by as much more.
 */
function baselineInstances(cells: readonly Cell[]): number {
  return cells.filter(({ value, sum }) => value !== '' && sum.baselineTotal > 0).length;
}

/**
 * One bad instance or a bad version. `found` are those that stand out from the other canary instances: if without them
 * the canary is like the baseline, they are bad by themselves. If without them, or without the worst one, it is still
 * worse than the baseline, the version is.
 */
export function judgeInstances(
  cells: readonly Cell[],
  found: ReadonlySet<string>,
  search: InstanceSearch,
): InstanceFinding {
  const instances = canaryInstances(cells);
  if (instances.length === 0) return { kind: 'unknown' };
  if (instances.length === 1) return { kind: 'single' };
  const bad = instances.filter(({ value }) => found.has(value));
  const { measure } = search;
  const whole = measure.together('', cells);
  const rate = rateOf(whole.sum.baselineEvents, whole.sum.baselineTotal) ?? 0;
  const left = bad.length > 0 ? bad : worst(instances, rate);
  const rest = measure.together(
    '',
    cells.filter((cell) => !left.includes(cell)),
  );
  const lnRest = measure.lnWorse(rest.windows, { margin: 0, G: search.G }) ?? 0;
  if (lnRest >= Math.log(1 / search.level))
    return { kind: 'version', count: instances.length, worst: bad.map(({ value }) => value) };
  const few = bad.length > 0 && 2 * bad.length <= instances.length;
  const excess = excessOf(whole, rate);
  const share = excess > 0 ? excessOf(rest, 0) / excess : Number.POSITIVE_INFINITY;
  if (few && rest.sum.baselineTotal > 0 && share <= REST)
    return {
      kind: 'instances',
      names: bad.map(({ value }) => value),
      others: instances.length - bad.length,
    };
  return { kind: 'open', count: instances.length };
}

function worst(instances: readonly Cell[], baselineRate: number): Cell[] {
  const own = ({ sum }: Cell) => sum.canaryEvents - sum.canaryTotal * baselineRate;
  const [first] = [...instances].sort((a, b) => own(b) - own(a));
  return first === undefined ? [] : [first];
}
