import type { Approval } from '../plans/approval.ts';
import type { Origin } from '../plans/origin.ts';
import { originText, successorText } from '../plans/origin-words.ts';
import type { Plan } from '../plans/plan.ts';
import { approvalFor } from '../plans/stages.ts';
import type { RolloutView } from '../plans/view.ts';
import type { Afterword } from './command.ts';
import type { RolloutState } from './state.ts';

/** The index of the stage that the rollout begins at. Above 0 only where the gates below it had passed in an earlier one. */
export function firstStage({
  origin,
  plan,
}: {
  origin?: Origin | undefined;
  plan: Pick<Plan, 'stages'>;
}): number {
  if (origin?.kind !== 'retry') return 0;
  return Math.max(
    0,
    plan.stages.findIndex(({ name }) => name === origin.stage),
  );
}

/** The stage that a view shows; before it has begun the one below that it begins at: a retry passes over those that were proven. */
export function presentStage(
  plan: Pick<Plan, 'stages'>,
  view: Pick<RolloutView, 'stages' | 'origin'> | null,
): number {
  const present = view?.stages.findIndex(({ state }) => state === 'now') ?? -1;
  return present >= 0 ? present : firstStage({ plan, origin: view?.origin }) - 1;
}

/** The stage that opens next. */
export function nextStage(state: RolloutState): number {
  return state.stage < 0 ? firstStage(state) : state.stage + 1;
}

/**
 * Every approval that the next move needs. Whoever begins above the first stage has passed over the stages below, and
 * needs what each of them asks for, too.
 */
export function approvalsTo(plan: Plan, from: number, to: number): Approval[] {
  const passed = Array.from({ length: Math.max(1, to - from) }, (_, offset) =>
    approvalFor(plan, from + offset),
  );
  return passed.filter((approval) => approval !== null);
}

export function beginText({ origin }: RolloutState): string {
  return origin === undefined ? '' : ` ${originText(origin)}`;
}

/** The line behind the journal of the earlier rollout, which is over, that names this one; null: there is none. */
export function earlierLine(
  { origin, submittedBy: { by, roles }, id }: RolloutState,
  at: number,
): Afterword | null {
  if (origin === undefined) return null;
  return {
    rolloutId: origin.of,
    at,
    transition: origin.kind === 'retry' ? 'retried' : 'note',
    cause: { kind: 'person', by, roles, reason: origin.reason },
    summary: successorText(origin, id),
  };
}
