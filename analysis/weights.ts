import { perPlan } from '../plans/per-plan.ts';
import type { Plan } from '../plans/plan.ts';
import { planSlices, sliceMetrics } from '../plans/slices.ts';
import { isTested } from '../plans/stages.ts';

/**
 * Share of each metric in the evidence, summing to 1 over the tested ones. Metrics without a weight share what
 * the others leave. It depends on the plan alone: weights that followed the data would not be evidence.
 */
function weightsOf(plan: Plan): Map<string, number> {
  const tested = plan.metrics.filter((metric) => isTested(plan, metric));
  const given = tested.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const open = tested.filter(({ weight }) => weight === undefined).length;
  const share = open === 0 ? 0 : given < 1 ? (1 - given) / open : 1 / tested.length;
  const total = given + open * share;
  return new Map(tested.map(({ name, weight }) => [name, (weight ?? share) / total]));
}

/** What all slices of a metric have together of its weight. */
const SLICES_SHARE = 0.25;

/** A metric as a whole (`slice: null`) or in one slice, with its share of the evidence. */
export interface Share {
  metric: string;
  slice: string | null;
  weight: number;
}

/** The shares of all that is tested; they sum to 1. A quarter of a metric's weight is shared equally by its slices. */
export const sharesOf = perPlan((plan): readonly Share[] => {
  const slices = planSlices(plan);
  return [...weightsOf(plan)].flatMap(([metric, weight]) => {
    const having = slices.filter((slice) => sliceMetrics(plan, slice).some(({ name }) => name === metric));
    if (having.length === 0) return [{ metric, slice: null, weight }];
    const each = (SLICES_SHARE * weight) / having.length;
    return [
      { metric, slice: null, weight: (1 - SLICES_SHARE) * weight },
      ...having.map((slice) => ({ metric, slice, weight: each })),
    ];
  });
});

/** What is left to each metric as a whole beside its slices. */
export function wholeShares(plan: Plan): Map<string, number> {
  return new Map(
    sharesOf(plan).flatMap(({ metric, slice, weight }) =>
      slice === null ? [[metric, weight] as const] : [],
    ),
  );
}
