import type { Metric } from './metric.ts';
import type { Plan } from './plan.ts';

/** Why a plan has nothing to rehearse at this moment; null: it has. */
export function planRefusal(plan: Plan): string | null {
  if (plan.mode === 'observe') return 'it only watches';
  if (plan.flag.provider !== 'embedded')
    return `the flag is served by ${plan.flag.provider}, which carries no drill`;
  return stopsItself(plan) ? null : 'no hard margin and no limit of the plan rolls the flag back by itself';
}

/** Whether anything that a drill breaks leads to a rollback without a person. */
function stopsItself({ metrics, limits, policy }: Plan): boolean {
  if (limits.some(({ action }) => action === 'rollback')) return true;
  const hard = (metric: Metric) => metric.hard !== undefined && policy.hard === 'rollback';
  const soft = (metric: Metric) => metric.soft !== undefined && policy.soft === 'rollback';
  return metrics.some((metric) => hard(metric) || soft(metric));
}
