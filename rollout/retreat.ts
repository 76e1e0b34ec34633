import type { Cause } from '../plans/journal.ts';
import { duration, moment } from '../plans/words.ts';
import { opensAt } from './schedule.ts';
import type { Turn } from './turn.ts';
import { journal, policy } from './turn.ts';

/*
 * After a soft step back a plan with `policy.retry` waits in the stage below and goes up again by itself, a few times. Then, and
 * for whatever else has happened, a person decides.
 */

/** Takes the place of the pause after a step back, where the plan tries again; false: a person is asked. */
export function restInstead(turn: Turn, cause: Cause): boolean {
  const { state, now } = turn;
  const { retry } = state.plan.policy;
  const soft = cause.kind === 'gate' && cause.verdict === 'soft';
  const only = state.pause?.causes.every(({ kind }) => kind === 'soft') ?? true;
  const used = state.retreat?.used ?? 0;
  if (retry === undefined || !soft || !only || used >= retry.times) return false;
  state.pause = null;
  const until = now + retry.wait * 1000;
  state.retreat = { used: used + 1, until };
  const opens = opensAt(state, now);
  const when = opens > until ? `on ${moment(opens)} at the earliest` : `after ${duration(retry.wait)}`;
  journal(turn, 'note', {
    cause: policy('the plan tries again after a soft step back'),
    summary: `Goes up again by itself ${when}, once the gate has passed (${used + 1} of ${retry.times}).`,
    flagBefore: state.flagRevision,
  });
  return true;
}

/** The rest is over. True where the gate still says what it was for. */
export function restIsOver(turn: Turn): boolean {
  const { state, now } = turn;
  if (state.retreat?.until == null || now < state.retreat.until) return false;
  state.retreat = { ...state.retreat, until: null };
  return state.phase === 'active' && state.gate?.assessment?.verdict === 'soft';
}
