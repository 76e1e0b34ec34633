import type { Restart } from '../plans/assessment.ts';
import { ruleOf } from './no-return.ts';
import type { RolloutState } from './state.ts';

/** What has begun the clean days of the present visit anew; null: nothing has, or it was of another stage. */
export function restartOf({ clean, plan, stage, stageSince }: RolloutState): Restart | null {
  // A step back within the millisecond in which the visit began is another visit with the same time.
  if (clean == null || clean.since !== stageSince || ruleOf(plan, stage) === undefined) return null;
  return { by: clean.by, at: clean.at };
}
