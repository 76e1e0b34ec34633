import { Failure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import { requirementsOf } from '../plans/requires.ts';
import type { Admission, Standing } from '../store/store.ts';
import { requiredPlans } from './required-plans.ts';

/**
 * Two plans that require each other and come at once do not see each other while they are reviewed: whoever is to stand among the
 * others is looked at again there, one at a time, so the later one sees the earlier. `amends`: the rollout whose plan it is to become.
 * Undefined: the plan requires nothing. The admission throws PLAN_INVALID with the circle.
 */
export function refusingCircles(plan: Plan, amends: string | null = null): Admission | undefined {
  return requirementsOf(plan).length === 0 ? undefined : (others) => refuseCircle(others, plan, amends);
}

async function refuseCircle(others: Standing, plan: Plan, amends: string | null): Promise<void> {
  const circle = (await requiredPlans(others, plan, amends))?.circle ?? null;
  if (circle === null) return;
  throw new Failure(
    'PLAN_INVALID',
    `${plan.metadata.name} and what was submitted with it wait for each other.`,
    {
      details: [
        `none of these could go on: ${circle.text}. Instead: let one of them go first: take out its \`requires\`, or ask for less`,
      ],
    },
  );
}
