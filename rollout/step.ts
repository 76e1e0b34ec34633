import { type Blocker, ENDED } from '../plans/view.ts';
import { onAlert } from './alert.ts';
import { onAmend } from './amend.ts';
import { blockersOf, neededApproval, waitingDeadline } from './blockers.ts';
import { askBefore, onChecked } from './checking.ts';
import { countAfterPause, countsAnew } from './clean-days.ts';
import { onStepDone, remindSteps } from './clearing.ts';
import type { Command } from './command.ts';
import { remindUnconfirmed } from './confirming.ts';
import { onDeadline } from './deadline.ts';
import { descend } from './descent.ts';
import { followDrill, onDrill } from './drill.ts';
import { drillDeadline } from './drill-facts.ts';

import type { RolloutEvent } from './event.ts';
import { settleAudience } from './exclusion.ts';
import { releaseFlag } from './flag.ts';
import { keepFollowing, onLoss, onRequired } from './following.ts';
import { onGate, onSoftAgain, stepBack } from './gate.ts';
import { imaginedDeadline } from './imagining.ts';
import { isWatching } from './mode.ts';
import { unconfirmedTimes } from './no-return.ts';
import { onWatched } from './observing.ts';
import { onPerson } from './people.ts';
import { proceed, watch } from './progress.ts';
import { remind, reminderTimes } from './questions.ts';
import { restIsOver } from './retreat.ts';
import { scheduleTimes } from './schedule.ts';
import { peersBesideDue } from './shared-service.ts';
import type { RolloutState } from './state.ts';
import { stepTimes } from './steps.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { closeTurn, noteSubmitted, openTurn, person, policy } from './turn.ts';
import { onVerified } from './verification.ts';
import { askWhenActed, onExplained } from './why.ts';
import { onClaimed, onFailed, onRefused, onWritten, retryWrite } from './write.ts';

/**
 * Every decision that the controller takes: what the rollout knows, what happened, and the time (milliseconds
 * since 1970) give what it knows next and what the world must do. Pure; the same code runs live, in backtests in
 * virtual time and under random event orders.
 */
export function step(previous: RolloutState, event: RolloutEvent, now: number): [RolloutState, Command[]] {
  const turn = openTurn(previous, now);
  if (ENDED.includes(previous.phase)) {
    // The claim of a rollout that was stopped meanwhile: give the flag back.
    if (event.kind === 'claimed') releaseFlag(turn);
    else if (event.kind === 'explained' || event.kind === 'unexplained') onExplained(turn, event);
    else if (event.kind === 'verified' && previous.phase === 'rolled-back') onVerified(turn, event);
    else if (event.kind === 'step-done') onStepDone(turn, event);
    else if (event.kind === 'tick') remindSteps(turn);
    else return [previous, []];
    if (turn.entries.length === 0 && turn.commands.length === 0) return [previous, []];
    followDrill(turn, event);
    return closeTurn(turn);
  }
  if (isWatching(previous)) onWatched(turn, event);
  else {
    handle(turn, event);
    settleAudience(turn);
    onLoss(turn);
    countAfterPause(turn, previous);
    proceed(turn);
    if (countsAnew(turn, previous)) watch(turn, turn.state.gate);
  }
  keepFollowing(turn);
  askWhenActed(turn);
  followDrill(turn, event);
  return closeTurn(turn);
}

function handle(turn: Turn, event: RolloutEvent): void {
  const { state, now } = turn;
  switch (event.kind) {
    case 'begin':
      noteSubmitted(turn, event.notes);
      askBefore(turn);
      return;
    case 'tick':
      onTick(turn);
      return;
    case 'claimed':
      onClaimed(turn, event);
      return;
    case 'written':
      onWritten(turn, event);
      return;
    case 'write-refused':
      onRefused(turn, event);
      return;
    case 'write-failed':
      onFailed(turn, event);
      return;
    case 'gate':
      onGate(turn, event.gate, event.report);
      return;
    case 'person':
      onPerson(turn, event);
      return;
    case 'amend':
      onAmend(turn, event);
      return;
    case 'drill':
      onDrill(turn, event);
      return;
    case 'killed':
      stop(turn, {
        transition: 'killed',
        cause: person({ by: event.by, roles: [] }, event.reason),
        summary: `Killed by ${event.by}: ${event.reason}.`,
        evidence: state.gate?.assessment ?? null,
      });
      return;
    case 'alert':
      onAlert(turn, event);
      return;
    case 'explained':
    case 'unexplained':
      onExplained(turn, event);
      return;
    case 'seen':
    case 'told':
    case 'step-done':
      // Of what only watches, or of what is over.
      return;
    case 'checked':
    case 'unchecked':
      onChecked(turn, event);
      return;
    case 'verified':
      // Only what is over is verified.
      return;
    case 'required':
      onRequired(turn, event);
      return;
    case 'peers':
      state.peers = event.older;
      if (event.mixed !== undefined) state.mixed = event.mixed;
      state.peersAt = now;
      return;
    default:
      unreachable(event);
  }
}

function unreachable(value: never): never {
  throw new Error(`no such event: ${JSON.stringify(value)}`);
}

function onTick(turn: Turn): void {
  retryWrite(turn);
  const { state, now } = turn;
  if (state.phase === 'reverting' || state.write !== null) return;
  if (state.descent != null) {
    descend(turn);
    return;
  }
  remind(turn);
  remindUnconfirmed(turn);
  if (onDeadline(turn)) return;
  if (restIsOver(turn)) onSoftAgain(turn);
  const glass = state.glass?.find(({ deadline }) => now >= deadline);
  if (glass !== undefined) {
    state.glass = [];
    unanswered(turn, glass.then, `nobody confirmed what ${glass.by} did by breaking the glass`);
    return;
  }
  if (state.pause !== null && now >= state.pause.deadline) {
    unanswered(turn, state.pause.then, `nobody answered the pause (${state.pause.causes[0]?.text ?? ''})`);
    return;
  }
  const deadline = waitingDeadline(state);
  if (deadline !== null && now >= deadline) {
    unanswered(turn, neededApproval(state)?.then ?? 'rollback', 'nobody answered the request for approval');
  }
}

function unanswered(turn: Turn, then: 'step-back' | 'rollback', text: string): void {
  const { state } = turn;
  const cause = policy(text);
  if (state.stage < 0) {
    stop(turn, { transition: 'rejected', cause, summary: `Not started: ${text}.` });
  } else if (then === 'rollback' || state.stage === 0) {
    stop(turn, { transition: 'rollback-requested', cause, summary: `Rolled back: ${text}.` });
  } else {
    stepBack(turn, cause, text);
  }
}

const TIMED: readonly Blocker['kind'][] = ['window', 'start', 'retreat', 'freeze', 'checks'];

/** Milliseconds after which the peers are read again where they alone hold the rollout. */
const PEERS_AGAIN = 15_000;

/** When a blocker is gone by itself, or is to be looked at again; null: it is not. */
function endOf({ kind, until }: Blocker): number | null {
  return TIMED.includes(kind) ? until : null;
}

/** When the reducer wants to be asked again, though nothing may have happened; null: only events matter. */
export function nextDeadline(state: RolloutState, now: number): number | null {
  const due = [decisionDeadline(state, now), besideDeadline(state, now)].filter((time) => time !== null);
  return due.length === 0 ? null : Math.min(...due);
}

/** When the peers are to be read again while something else holds the rollout as well; null: never. */
export function besideDeadline(state: RolloutState, now: number): number | null {
  const waits = state.phase === 'submitted' || state.phase === 'active';
  if (!waits || state.write !== null || isWatching(state)) return null;
  const due = peersBesideDue(state);
  const others = blockersOf(state, now).filter(({ kind }) => kind !== 'shared-service');
  if (due === null || others.length === 0) return null;
  // Checks come after the peers: they hold nothing up before.
  return others.every(({ kind }) => kind === 'checks') ? now + PEERS_AGAIN : due;
}

/** The same where nothing but the peers holds the rollout, or nothing of them does. */
export function decisionDeadline(state: RolloutState, now: number): number | null {
  if (ENDED.includes(state.phase)) {
    const times = stepTimes(state);
    return times.length === 0 ? null : Math.min(...times);
  }
  if (isWatching(state)) return imaginedDeadline(state, now);
  const due: number[] = [];
  if (state.retry !== null && state.retry.at !== Number.MAX_SAFE_INTEGER) due.push(state.retry.at);
  // While the flag is on its way nothing else is due: its answer comes first.
  if (state.write !== null || state.phase === 'reverting') return due[0] ?? null;
  // A step that was refused has no time of its own.
  if (state.descent != null) return state.descent.at ?? now + 1_000;
  if (state.pause !== null) due.push(state.pause.deadline);
  for (const { deadline } of state.glass ?? []) due.push(deadline);
  const drill = drillDeadline(state);
  if (drill !== null) due.push(drill);
  due.push(...reminderTimes(state), ...scheduleTimes(state), ...unconfirmedTimes(state));
  const waiting = waitingDeadline(state);
  if (waiting !== null) due.push(waiting);
  const blockers = blockersOf(state, now);
  const others = blockers.filter(({ kind }) => kind !== 'shared-service');
  const timed = others.map(endOf);
  // Where something holds that no clock ends, an event will tell of it.
  if (timed.every((end) => end !== null)) due.push(...timed);
  if (others.length === 0 && blockers.length > 0) due.push(now + PEERS_AGAIN);
  return due.length === 0 ? null : Math.min(...due);
}
