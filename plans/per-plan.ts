import type { Plan } from './plan.ts';

/**
 * What follows from a plan alone, worked out once for each plan: a gate asks for it at every poll. A plan is never
 * changed in place; an amended one is another object.
 */
export function perPlan<T extends object>(workOut: (plan: Plan) => T): (plan: Plan) => T {
  const known = new WeakMap<Plan, T>();
  return (plan) => {
    const before = known.get(plan);
    if (before !== undefined) return before;
    const result = workOut(plan);
    known.set(plan, result);
    return result;
  };
}
