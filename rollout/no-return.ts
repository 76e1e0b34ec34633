import type { Plan } from '../plans/plan.ts';
import { gatePassed } from './passed.ts';
import type { RolloutState } from './state.ts';

/** Between two reminders that it waits to be confirmed, in milliseconds. */
const WEEK = 604_800_000;

type Decommission = NonNullable<Plan['stages'][number]['decommission']>;

/** What a decommission asks for; undefined: the stage is none, or its plan is of before there was a confirmation. */
export function ruleOf(plan: Plan, stage: number): Decommission | undefined {
  const rule = plan.stages[stage]?.decommission;
  const confirm: Decommission['confirm'] | undefined = rule?.confirm;
  return confirm === undefined ? undefined : rule;
}

/** Whether something was noted in the present visit of a decommission. */
export function isOfVisit<T extends { since: number | null }>(
  mark: T | null | undefined,
  { plan, stage, stageSince }: RolloutState,
): mark is T {
  // A step back within the millisecond in which the visit began is another visit with the same time.
  return mark != null && mark.since === stageSince && ruleOf(plan, stage) !== undefined;
}

export function isConfirmed(state: RolloutState): boolean {
  return isOfVisit(state.confirmed, state);
}

/** True while the old path is proven unused and nobody has confirmed that it may go. */
export function noReturnWaits(state: RolloutState): boolean {
  return ruleOf(state.plan, state.stage) !== undefined && gatePassed(state) && !isConfirmed(state);
}

/** Why there is nothing to confirm now; null: there is. */
export function confirmable(state: RolloutState): string | null {
  if (ruleOf(state.plan, state.stage) === undefined) return 'is not at its point of no return';
  if (!gatePassed(state)) return 'still watches the old path for its last calls';
  if (state.pause !== null) return `is paused: ${state.pause.causes[0]?.text ?? ''}`;
  return isConfirmed(state) ? 'is confirmed already' : null;
}

/** What cannot be taken back, for whoever is asked. */
export function noReturnText({ plan }: RolloutState): string {
  return `the point of no return waits to be confirmed: from then on a kill of ${plan.flag.key} is refused and its old path may be taken away`;
}

/** When the reducer must be asked to remind of it. */
export function unconfirmedTimes({ unconfirmed }: RolloutState): number[] {
  return unconfirmed == null ? [] : [unconfirmed.since + (unconfirmed.reminded + 1) * WEEK];
}

/** How many weeks it has waited. */
export function weeksWaited(since: number, now: number): number {
  return Math.floor((now - since) / WEEK);
}
