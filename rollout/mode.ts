import { excluding } from '../plans/exclusion.ts';
import type { Plan } from '../plans/plan.ts';
import { planAsServed } from '../plans/stages.ts';
import type { RolloutState } from './state.ts';

/** True for a plan that moves nothing, and says what it would have done. */
export function isWatching({ plan }: Pick<RolloutState, 'plan'>): boolean {
  return plan.mode === 'observe';
}

/** The plan by which the gate of one that only watches judges: with what others serve, and without whom it would have taken off. */
export function watchedPlan(
  { plan, exposure, imagined }: Pick<RolloutState, 'plan' | 'exposure' | 'imagined'>,
  stage: number,
): Plan {
  const off = imagined?.excluded ?? [];
  return excluding(
    planAsServed(plan, stage, exposure),
    off.map(({ name }) => name),
  );
}
