import type { Assessment } from '../plans/assessment.ts';
import { isNobody } from '../plans/exposure.ts';
import type { Cause, Transition } from '../plans/journal.ts';
import { lowerFlag, releaseFlag } from './flag.ts';
import type { Stop } from './state.ts';
import type { Turn } from './turn.ts';
import { journal } from './turn.ts';

export interface StopRequest {
  transition: Transition;
  cause: Cause;
  summary: string;
  evidence?: Assessment | null;
  queries?: string[];
  revertedByGate?: boolean;
  /** As what the rollout ends; absent: rolled back. */
  end?: 'abandoned' | 'superseded';
}

/** Journals a stop; nothing that would have raised the flag, or waited for somebody, outlives it. */
export function noteStop(turn: Turn, request: StopRequest): void {
  const { state } = turn;
  journal(turn, request.transition, {
    cause: request.cause,
    summary: request.summary,
    flagBefore: state.flagRevision,
    evidence: request.evidence ?? null,
    queries: request.queries ?? [],
  });
  state.grants = [];
  state.amendment = null;
  state.glass = [];
  state.waitingSince = null;
  state.pause = null;
}

/**
 * Sends the flag to where a stop ends, at once: no pause, window or approval is asked. A second stop while the
 * first is under way adds nothing to the flag, but a kill is still journaled, once whoever tells of it.
 */
export function stop(turn: Turn, request: StopRequest): void {
  const { state, now } = turn;
  const kill = request.transition === 'killed' ? { killed: request.summary } : {};
  if (state.phase === 'reverting') {
    if (kill.killed === undefined || kill.killed === state.stop?.killed) return;
    noteStop(turn, request);
    if (state.stop !== null) state.stop = { ...state.stop, ...kill };
    return;
  }
  noteStop(turn, request);
  beginRevert(turn, {
    transition: request.transition,
    cause: request.cause,
    // One that makes a slower one immediate is the same stop.
    at: state.descent == null ? now : (state.stop?.at ?? now),
    revertedByGate: request.revertedByGate ?? false,
    ...(request.end === undefined ? {} : { end: request.end }),
    ...kill,
  });
}

/** The last step of a rollback that went down stage by stage: it was journaled when it began. */
export function finishDescent(turn: Turn): void {
  const { stop: why } = turn.state;
  if (why !== null) beginRevert(turn, why);
}

function beginRevert(turn: Turn, why: Stop): void {
  const { state } = turn;
  state.phase = 'reverting';
  state.stop = why;
  state.retry = null;
  // A rollout that was turned down before it moved anything leaves the flag as somebody else has it.
  const untouched = state.startedAt === null && state.write?.purpose !== 'advance';
  if (why.transition === 'rejected' && untouched && state.write === null) end(turn, 'rejected');
  else if (state.claimed || state.write?.purpose === 'claim')
    lowerFlag(turn, 'revert', state.stage, why.cause);
  else rolledBack(turn, { before: null, after: null });
  turn.commands.push({ kind: 'unwatch' });
}

/** The flag is where the stop wanted it: the rollout is over. */
export function rolledBack(turn: Turn, revisions: { before: number | null; after: number | null }): void {
  const { state } = turn;
  const nobody = isNobody(state.exposure);
  const phase = state.stop?.end ?? 'rolled-back';
  end(turn, phase);
  journal(turn, phase, {
    cause: state.stop?.cause ?? { kind: 'policy', reason: 'rolled back' },
    summary: nobody
      ? 'The flag is back: nobody is served by the canary.'
      : 'The flag is at its safe exposure.',
    flagBefore: revisions.before,
    flagAfter: revisions.after,
  });
}

function end(turn: Turn, phase: 'rolled-back' | 'rejected' | 'abandoned' | 'superseded'): void {
  const { state, now } = turn;
  state.write = null;
  // Of the stage that was reached the report and a retry speak, not of one on the way back.
  if (state.descent != null) state.stage = state.descent.from;
  state.descent = null;
  state.phase = phase;
  state.endedAt = now;
  state.gate = null;
  if (state.claimed) releaseFlag(turn);
}
