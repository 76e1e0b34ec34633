import type { CohortCounts } from '../plans/breakdown.ts';
import type { Cell } from './cells.ts';
import { cellOf, NO_COUNTS, plus, rateOf, together } from './cells.ts';
import { excessOf, type Measure } from './measure.ts';
import { addScatter, NO_SCATTER, varianceOf } from './scatter.ts';
import { scalesOf, type ValueMetric, worseOf } from './value.ts';
import { lnValueEvidence } from './value-kernel.ts';
import { LEAST_DEVIATION } from './value-noise.ts';

type Combine = 'mean' | 'sum' | 'max';

/** Of means and gauges, by the gate's own mixture over paired differences; `level`: error probability that it is tightest at. */
export function valueMeasure(metric: ValueMetric, level: number): Measure {
  const combine = metric.kind === 'gauge' ? metric.combine : 'mean';
  const of = (how: Combine) => measureOf(metric, { combine: how, scales: scalesOf(level) });
  // A cohort's sum grows with its instances: an instance is held against the mean of the others.
  return { ...of(combine), instances: of(combine === 'sum' ? 'mean' : combine) };
}

function measureOf(
  metric: ValueMetric,
  { combine, scales }: { combine: Combine; scales: number[] },
): Omit<Measure, 'instances'> {
  const worse = worseOf(metric);
  const cell = (value: string, windows: readonly CohortCounts[]) =>
    cellOf(value, windows.map(signed(worse, combine)), false);
  return {
    of: 'values',
    mixes: combine === 'mean',
    cell,
    together: (value, cells) => joined(value, cells, combine),
    excesses: (cells, rate) =>
      combine === 'max'
        ? highest(cells, rate)
        : cells.map((one) => excessOf(one, combine === 'sum' ? 0 : rate)),
    expected: ({ sum }, whole) => expectedOf(sum, whole.sum, combine),
    lnWorse: (windows, { margin, G }) => {
      const pairs = pairsOf(windows, metric.kind === 'gauge');
      const size = mean(pairs.map(({ c, b }) => (Math.abs(c) + Math.abs(b)) / 2));
      if (size === null) return null;
      const differences = pairs.map(({ c, b, w }) => ({ d: (c - b - margin) / size, w }));
      return size > 0 ? lnAbove(differences, { G, scales }) : 0;
    },
    handicap: (own, rest) => valueHandicap(own, rest),
  };
}

/** Worse when larger; of a sum a cohort has one value in each window. */
function signed(worse: 1 | -1, combine: Combine): (counts: CohortCounts) => CohortCounts {
  const weight = (total: number) => (combine === 'sum' ? Math.min(1, total) : total);
  return (counts) => ({
    canaryEvents: worse * counts.canaryEvents,
    canaryTotal: weight(counts.canaryTotal),
    baselineEvents: worse * counts.baselineEvents,
    baselineTotal: weight(counts.baselineTotal),
  });
}

function joined(value: string, cells: readonly Cell[], combine: Combine): Cell {
  if (combine === 'mean') return together(value, cells);
  const count = Math.max(0, ...cells.map(({ windows }) => windows.length));
  const windows = Array.from({ length: count }, (_, i) =>
    cells
      .map((cell) => cell.windows[i] ?? NO_COUNTS)
      .reduce((a, b) => (combine === 'sum' ? oneOf(plus(a, b)) : larger(a, b)), NO_COUNTS),
  );
  return { value, windows, sum: windows.reduce(plus, NO_COUNTS) };
}

function oneOf(counts: CohortCounts): CohortCounts {
  return {
    ...counts,
    canaryTotal: Math.min(1, counts.canaryTotal),
    baselineTotal: Math.min(1, counts.baselineTotal),
  };
}

function larger(a: CohortCounts, b: CohortCounts): CohortCounts {
  const of = (cohort: 'canary' | 'baseline') => {
    const [first, second] = [a, b].map((one) => (one[`${cohort}Total`] > 0 ? one[`${cohort}Events`] : null));
    return Math.max(first ?? second ?? 0, second ?? first ?? 0);
  };
  return {
    canaryEvents: of('canary'),
    canaryTotal: Math.max(a.canaryTotal, b.canaryTotal),
    baselineEvents: of('baseline'),
    baselineTotal: Math.max(a.baselineTotal, b.baselineTotal),
  };
}

/** Of the largest value of each window it is the holder's alone what the canary is worse by. */
function highest(cells: readonly Cell[], rate: number): number[] {
  const excesses = cells.map(() => 0);
  const whole = joined('', cells, 'max');
  for (const [i, { canaryEvents, canaryTotal, baselineEvents, baselineTotal }] of whole.windows.entries()) {
    if (!(canaryTotal > 0)) continue;
    const holder = cells.findIndex(({ windows }) => {
      const own = windows[i] ?? NO_COUNTS;
      return own.canaryTotal > 0 && own.canaryEvents === canaryEvents;
    });
    excesses[holder] = (excesses[holder] ?? 0) + canaryEvents - (baselineTotal > 0 ? baselineEvents : rate);
  }
  return excesses;
}

function expectedOf(sum: CohortCounts, whole: CohortCounts, combine: Combine): number {
  if (combine === 'sum') return rateOf(Math.abs(sum.baselineEvents), Math.abs(whole.baselineEvents)) ?? 0;
  return rateOf(sum.canaryTotal, whole.canaryTotal) ?? 0;
}

interface Pair {
  c: number;
  b: number;
  w: number;
}

function pairsOf(windows: readonly CohortCounts[], gauge: boolean): Pair[] {
  return windows.flatMap(({ canaryEvents, canaryTotal, baselineEvents, baselineTotal }) => {
    if (!(canaryTotal > 0 && baselineTotal > 0)) return [];
    const pair = { c: canaryEvents / canaryTotal, b: baselineEvents / baselineTotal };
    const w = gauge ? 1 : (canaryTotal * baselineTotal) / (canaryTotal + baselineTotal);
    return Number.isFinite(pair.c - pair.b) ? [{ ...pair, w }] : [];
  });
}

/** ln of the evidence that differences are above zero, by what they scatter and by what equal cohorts may. */
function lnAbove(
  differences: readonly { d: number; w: number }[],
  { G, scales }: { G: number; scales: number[] },
): number {
  let scatter = NO_SCATTER;
  let [S, W] = [0, 0];
  for (const { d, w } of differences) {
    scatter = addScatter(scatter, { Y: w * d, W: w });
    S += w * d;
    W += w;
  }
  const n = differences.length;
  const own = varianceOf(scatter, { kind: 'mean', since: null });
  if (own === null) return 0;
  const variance = Math.max(own(n), G, (W / n) * LEAST_DEVIATION ** 2);
  const lnE = lnValueEvidence({ z: S / Math.sqrt(variance * W), n, scales });
  return Number.isFinite(lnE) ? lnE : 0;
}

function valueHandicap(own: Cell, rest: Cell): number {
  const differences = own.windows.flatMap(({ baselineEvents, baselineTotal }, i) => {
    const other = rest.windows[i] ?? NO_COUNTS;
    return baselineTotal > 0 && other.baselineTotal > 0
      ? [baselineEvents / baselineTotal - other.baselineEvents / other.baselineTotal]
      : [];
  });
  const centre = mean(differences);
  if (centre === null) return 0;
  const squares = differences.reduce((sum, d) => sum + (d - centre) ** 2, 0);
  const error = Math.sqrt(squares) / differences.length;
  return Math.max(0, centre + (Number.isFinite(error) ? error : 0));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
}
