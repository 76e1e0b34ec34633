import { clock } from '../plans/words.ts';
import { deadlineOf, warningOf } from './schedule.ts';
import type { RolloutState } from './state.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal, policy } from './turn.ts';

/** Carries out what the plan says of the rollout's deadline, once each; true when the rollout has ended or paused by it. */
export function onDeadline(turn: Turn): boolean {
  const { state, now } = turn;
  const deadline = deadlineOf(state);
  if (deadline === null || state.overran === deadline) return false;
  if (now < deadline) {
    if (now >= warningOf(state, deadline) && state.warned !== deadline) warn(turn, deadline);
    return false;
  }
  state.overran = deadline;
  const text = `the rollout was to be complete by ${clock(deadline)} UTC`;
  const cause = policy(text);
  // Behind the point of no return nothing is taken back without a person.
  const back = state.plan.deadline?.then === 'rollback' && !isDecommissioning(state);
  if (back && state.stage < 0)
    stop(turn, { transition: 'rejected', cause, summary: `Not started: ${text}.` });
  else if (back) stop(turn, { transition: 'rollback-requested', cause, summary: `Rolled back: ${text}.` });
  else {
    addPause(turn, 'deadline', text);
    journal(turn, 'paused', { cause, summary: `Paused: ${text}.`, flagBefore: state.flagRevision });
  }
  return true;
}

function isDecommissioning({ plan, stage }: RolloutState): boolean {
  return plan.stages[stage]?.decommission !== undefined;
}

function warn(turn: Turn, deadline: number): void {
  const { state } = turn;
  state.warned = deadline;
  const back = state.plan.deadline?.then === 'rollback' && !isDecommissioning(state);
  journal(turn, 'deadline-near', {
    cause: policy('the deadline of the plan comes'),
    summary: `Is to be complete by ${clock(deadline)} UTC, else it ${back ? 'rolls back' : 'pauses'}.`,
    flagBefore: state.flagRevision,
  });
}
