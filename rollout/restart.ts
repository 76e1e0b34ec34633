import type { Restart } from '../plans/assessment.ts';
import type { RolloutState } from './state.ts';

/** What has begun the clean days of the present visit anew; null: nothing has. */
export function restartOf({ clean, stageSince }: RolloutState): Restart | null {
  return clean == null || clean.since !== stageSince ? null : { by: clean.by, at: clean.at };
}
