import type { RolloutState } from './state.ts';

/** True for a plan that moves nothing, and says what it would have done. */
export function isWatching({ plan }: Pick<RolloutState, 'plan'>): boolean {
  return plan.mode === 'observe';
}
