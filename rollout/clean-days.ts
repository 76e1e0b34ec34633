import type { Cause } from '../plans/journal.ts';
import { ruleOf } from './no-return.ts';
import { restartOf } from './restart.ts';
import type { PauseKind, RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal } from './turn.ts';

/** What a pause can be for without anything being wrong: nobody had data, or nobody had time. */
const HARMLESS: readonly PauseKind[] = ['no-data', 'overdue', 'stepped-back', 'deadline'];
/** An alert that is sent again and again is one incident: it is journaled once a day. */
const SAME_WITHIN = 86_400_000;

/** True while the old path is watched for its last calls. */
function isWaiting({ phase, plan, stage }: RolloutState): boolean {
  return phase === 'active' && ruleOf(plan, stage) !== undefined;
}

/**
 * Something went wrong while the old path was watched for its last calls: whoever needs a way back needs it for as long as
 * before again. `by` goes on after "restarted by".
 */
export function restartClean(turn: Turn, cause: Cause, by: string): void {
  const { state, now } = turn;
  if (!isWaiting(state)) return;
  const last = restartOf(state);
  state.clean = { by, at: now, since: state.stageSince };
  if (state.confirmed != null) state.confirmed = null;
  voidPass(state);
  if (last?.by === by && now - last.at < SAME_WITHIN) return;
  journal(turn, 'clean-restarted', {
    cause,
    summary: `The clean days begin anew: ${by}.`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
  });
}

/** What had passed has to pass again. */
function voidPass(state: RolloutState): void {
  const seen = state.gate?.assessment;
  if (state.gate === null || seen?.verdict !== 'pass') return;
  const assessment = { ...seen, verdict: 'hold' as const, reason: 'the clean days begin anew' };
  state.gate = { ...state.gate, assessment };
}

/** An incident lasts until the pause for it is over: only then the days are counted again. */
export function countAfterPause({ state, now }: Turn, before: RolloutState): void {
  const { clean, pause } = state;
  if (clean == null || restartOf(state) === null || pause !== null || before.pause === null) return;
  if (before.pause.causes.every(({ kind }) => HARMLESS.includes(kind))) return;
  state.clean = { ...clean, at: now };
  voidPass(state);
}

/** The alert that began the count anew fires no more. */
export function countAfterAlert({ state, now }: Turn, by: string): void {
  const { clean } = state;
  if (clean?.by !== by || restartOf(state) === null) return;
  state.clean = { ...clean, at: now };
  voidPass(state);
}

/** True when the gate that watches does not know of a restart yet. */
export function countsAnew({ state, commands }: Turn, before: RolloutState): boolean {
  const { clean, gate, write } = state;
  if (!isWaiting(state) || gate === null || write !== null || restartOf(state) === null) return false;
  if (clean === before.clean) return false;
  const last = commands.findLast(({ kind }) => kind === 'watch');
  return (
    last?.kind !== 'watch' ||
    last.request.restarted?.at !== clean?.at ||
    last.request.restarted?.by !== clean?.by
  );
}
