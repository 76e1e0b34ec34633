import type { Plan } from '../plans/plan.ts';
import { isTested } from '../plans/stages.ts';

/**
 * Share of each metric in the evidence, summing to 1 over the tested ones. Metrics without a weight share what
 * the others leave. It depends on the plan alone: weights that followed the data would not be evidence.
 */
export function weightsOf(plan: Plan): Map<string, number> {
  const tested = plan.metrics.filter((metric) => isTested(plan, metric));
  const given = tested.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const open = tested.filter(({ weight }) => weight === undefined).length;
  const share = open === 0 ? 0 : given < 1 ? (1 - given) / open : 1 / tested.length;
  const total = given + open * share;
  return new Map(tested.map(({ name, weight }) => [name, (weight ?? share) / total]));
}
