import { capital } from '../plans/words.ts';
import { confirmRoles } from './approvers.ts';
import type { PersonEvent } from './event.ts';
import { noReturnText, noReturnWaits, weeksWaited } from './no-return.ts';
import type { Turn } from './turn.ts';
import { journal, person, policy } from './turn.ts';

/** Says once that the point of no return waits for somebody. */
export function noteUnconfirmed(turn: Turn): void {
  const { state, now } = turn;
  if (!noReturnWaits(state)) {
    if (state.unconfirmed != null) state.unconfirmed = null;
    return;
  }
  if (state.unconfirmed != null) return;
  state.unconfirmed = { since: now, reminded: 0 };
  const roles = confirmRoles(state.plan);
  const who = roles.length === 0 ? `somebody else than ${state.submittedBy.by}` : roles.join(', ');
  journal(turn, 'approval-needed', {
    cause: policy('behind a decommission there is no way back'),
    summary: `${capital(noReturnText(state))} (${who}).`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
    queries: state.gate?.queries ?? [],
  });
}

/** Once a week: nothing else comes of nobody's answer, since nothing is lost by waiting. */
export function remindUnconfirmed(turn: Turn): void {
  const { state, now } = turn;
  const { unconfirmed } = state;
  if (unconfirmed == null || !noReturnWaits(state)) return;
  const weeks = weeksWaited(unconfirmed.since, now);
  if (weeks <= unconfirmed.reminded) return;
  state.unconfirmed = { ...unconfirmed, reminded: weeks };
  journal(turn, 'reminder', {
    cause: policy('nobody has answered yet'),
    summary: `Still ${noReturnText(state)}.`,
    flagBefore: state.flagRevision,
  });
}

/** From here on there is no way back: the rollout completes, and its flag is marked. */
export function confirmNoReturn(turn: Turn, event: PersonEvent): void {
  const { state, now } = turn;
  const { by, roles, reason } = event;
  state.confirmed = { by, roles, at: now, since: state.stageSince };
  journal(turn, 'point-of-no-return', {
    cause: person(event, reason),
    summary: `${by} confirms the point of no return: a kill of ${state.plan.flag.key} is refused from now on, and its old path may be taken away.`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
    queries: state.gate?.queries ?? [],
  });
}
