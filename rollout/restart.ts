import type { Restart } from '../plans/assessment.ts';
import { isOfVisit } from './no-return.ts';
import type { RolloutState } from './state.ts';

/** What has begun the clean days of the present visit anew; null: nothing has, or it was of another stage. */
export function restartOf(state: RolloutState): Restart | null {
  const { clean } = state;
  return isOfVisit(clean, state) ? { by: clean.by, at: clean.at } : null;
}
