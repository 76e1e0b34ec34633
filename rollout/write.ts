import { type Exposure, NO_EXPOSURE, sameExposure } from '../plans/exposure.ts';
import { descended } from './descent.ts';
import type { RolloutEvent } from './event.ts';
import { audienceSettled, takeBack } from './exclusion.ts';
import { lowerFlag, writeStage } from './flag.ts';
import { lapsedText } from './lease.ts';
import { describe, pauseForDrift } from './moved.ts';
import { enterStage, expectedFlag, returnToStage, watch } from './progress.ts';
import { isOwnLate } from './report.ts';
import { restInstead } from './retreat.ts';
import type { PendingWrite, RolloutState } from './state.ts';
import { rolledBack, stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { journal, policy } from './turn.ts';

type Of<K extends RolloutEvent['kind']> = Extract<RolloutEvent, { kind: K }>;

export function onClaimed(turn: Turn, event: Of<'claimed'>): void {
  const { state } = turn;
  state.epoch = event.epoch;
  state.flagRevision = event.revision;
  state.claimed = true;
  state.exposure = event.exposure;
  if (state.write?.id !== event.id) {
    // The stop came first: what was just claimed goes straight back.
    if (state.phase === 'reverting')
      lowerFlag(turn, 'revert', state.stage, state.stop?.cause ?? policy('stopped'));
    return;
  }
  state.write = null;
  state.retry = null;
  state.phase = 'active';
  if (sameExposure(event.exposure, NO_EXPOSURE)) return;
  pauseForDrift(turn, `the flag already serves ${describe(event.exposure)} before the rollout has moved it`);
}

export function onWritten(turn: Turn, event: Of<'written'>): void {
  const { state } = turn;
  const pending = state.write;
  if (pending === null || pending.id !== event.id) {
    if (state.overtaken?.id === event.id) {
      const { gives = false } = state.overtaken;
      // What came after it stands on disk only: its revision is counted from this one.
      if (pending?.purpose !== 'step-back') state.flagRevision = event.after;
      state.write = reachOvertaken(state, pending);
      if (gives && (pending === null || pending.purpose === 'advance')) takeBack(turn);
    }
    journal(turn, 'note', {
      cause: policy('a write that was overtaken'),
      summary: 'A flag write landed after it had been overtaken; the newer one decides.',
      flagBefore: event.before,
      flagAfter: event.after,
    });
    return;
  }
  state.write = null;
  state.retry = null;
  // What moved the flag between a raise and the step back that overtook it was the raise.
  const landed = event.before !== null && event.before !== state.flagRevision;
  const write = landed ? reachOvertaken(state, pending) : pending;
  if (event.before !== null) state.overtaken = null;
  if (event.after !== null) state.flagRevision = event.after;
  else state.offline = (state.offline ?? 0) + 1;
  if (event.epoch !== null) state.epoch = event.epoch;
  const revisions = { before: event.before, after: event.after };
  switch (write.purpose) {
    case 'advance':
      enterStage(turn, write.stage, write.cause, { ...revisions, exposure: write.exposure });
      return;
    case 'restore':
      state.exposure = write.exposure;
      if (state.withdrawn === true) {
        state.withdrawn = false;
        // Nobody had the canary since the step back: the stage begins again.
        state.stageSince = turn.now;
        state.gate = null;
      }
      journal(turn, 'resumed', {
        cause: write.cause,
        summary: 'The flag is where the plan wants it again.',
        flagBefore: event.before,
        flagAfter: event.after,
      });
      watch(turn);
      return;
    case 'step-back':
      steppedBack(turn, write, revisions);
      return;
    case 'accept-drift':
      returnToStage(turn, write, write.cause, revisions);
      watch(turn);
      return;
    case 'descend':
      descended(turn, write, revisions);
      return;
    case 'exclude':
    case 'include':
      audienceSettled(turn, write, revisions);
      return;
    case 'revert':
      state.exposure = write.exposure;
      rolledBack(turn, revisions);
      return;
    case 'claim':
      return;
  }
}

/**
 * A raise that had landed before it was overtaken: its users had the canary, so its stage is the one that was reached
 * and that a person goes on from.
 */
function reachOvertaken<W extends PendingWrite | null>(state: RolloutState, write: W): W {
  const stage = state.overtaken?.stage;
  state.overtaken = null;
  if (stage === undefined) return write;
  if (state.withdrawn === true) state.stage = stage;
  return write?.purpose === 'step-back' ? { ...write, stage } : write;
}

function steppedBack(
  turn: Turn,
  { stage, exposure, cause: why }: PendingWrite,
  revisions: { before: number | null; after: number | null },
): void {
  const { state, now } = turn;
  const cause = state.pause?.causes[0]?.text ?? 'stepped back';
  returnToStage(turn, { stage, exposure }, policy(cause), revisions);
  if (!state.withdrawn && restInstead(turn, why)) {
    watch(turn);
    return;
  }
  const { deadline, then } = state.plan.policy.pause;
  const causes = state.pause?.causes ?? [];
  // A new clock: whoever is on call gets the same time again before the next step down.
  state.pause = {
    causes: causes.length > 0 ? causes : [{ kind: 'stepped-back', text: 'stepped back' }],
    since: now,
    deadline: now + deadline * 1000,
    then,
  };
  if (state.withdrawn) withdrawGate(turn);
  else watch(turn);
}

/** Nothing is left to compare. What a person can still accept is what the gate has stopped at. */
function withdrawGate({ state, commands }: Turn): void {
  const assessment = state.gate?.assessment ?? null;
  state.gates += 1;
  if (state.gate !== null)
    state.gate = {
      ...state.gate,
      id: state.gates,
      assessment: assessment?.verdict === 'soft' ? assessment : null,
    };
  commands.push({ kind: 'unwatch' });
}

export function onRefused(turn: Turn, event: Of<'write-refused'>): void {
  const { state } = turn;
  const { write } = state;
  if (state.overtaken?.id === event.id) state.overtaken = null;
  if (write === null || write.id !== event.id) return;
  state.write = null;
  state.retry = null;
  if (state.phase === 'reverting') {
    // Only another owner or a missing claim refuses a lowering write: the flag is no longer this rollout's.
    state.exposure = event.exposure;
    state.claimed = false;
    rolledBack(turn, { before: event.revision, after: event.revision });
    return;
  }
  switch (event.why) {
    case 'latched': {
      const by = event.latchedBy ?? 'somebody';
      const why = event.latchReason == null ? '' : `: ${event.latchReason}`;
      stop(turn, {
        transition: 'killed',
        cause: { kind: 'flag', reason: `${by}${why}` },
        summary: `Killed by ${by}${why}.`,
      });
      return;
    }
    case 'drift':
      // What was decided is decided anew, on the revision that is now known.
      if (adoptOwnLate(turn, event)) {
        if (write.purpose === 'restore') writeStage(turn, 'restore', state.stage, write.cause);
        else watch(turn, state.gate);
        return;
      }
      state.flagRevision = event.revision;
      state.exposure = event.exposure;
      pauseForDrift(
        turn,
        event.lapsedAt === undefined
          ? `${event.by ?? 'somebody else'} moved the flag to ${describe(event.exposure)} (revision ${event.revision})`
          : lapsedText(event.lapsedAt, describe(event.exposure)),
      );
      watch(turn, state.gate);
      return;
    case 'owned':
    case 'not-owner':
    case 'stale-epoch':
      state.claimed = event.why === 'stale-epoch';
      stop(turn, {
        transition: 'write-failed',
        cause: {
          kind: 'flag',
          reason: event.owner === null ? 'the flag has another epoch' : `the flag belongs to ${event.owner}`,
        },
        summary: 'The flag is no longer this rollout’s to move; it ends.',
      });
      return;
  }
}

/** Backoff of writes that failed, in milliseconds; a stop is tried again sooner and for as long as it takes. */
function backoff(attempts: number, reverting: boolean): number {
  return Math.min(reverting ? 2_000 : 60_000, 500 * 2 ** Math.min(attempts, 10));
}

export function onFailed(turn: Turn, event: Of<'write-failed'>): void {
  const { state, now } = turn;
  const { write } = state;
  if (write === null || write.id !== event.id) return;
  const attempts = (state.retry?.attempts ?? 0) + 1;
  if (attempts === 1) {
    journal(turn, 'write-failed', {
      cause: { kind: 'flag', reason: event.detail },
      summary: `Writing the flag failed and is tried again: ${event.detail}.`,
      flagBefore: state.flagRevision,
    });
  }
  const reverting = state.phase === 'reverting';
  state.retry = { attempts, at: now + backoff(attempts, reverting) };
  // An upward move is decided anew when its time comes; what it was decided on may have changed by then.
  if (write.purpose === 'advance' || write.purpose === 'include' || write.purpose === 'claim')
    state.write = null;
  if (write.purpose === 'advance') watch(turn, state.gate);
}

/** Repeats what failed, once its time has come. */
export function retryWrite(turn: Turn): void {
  const { state, now } = turn;
  const { write, retry } = state;
  if (retry === null || now < retry.at) return;
  if (write === null) {
    state.retry = null;
    return;
  }
  switch (write.purpose) {
    case 'step-back':
    case 'descend':
    case 'exclude':
    case 'revert':
      lowerFlag(turn, write.purpose, write.stage, write.cause);
      break;
    case 'accept-drift':
      writeStage(turn, 'accept-drift', write.stage, write.cause);
      break;
    default:
      writeStage(turn, 'restore', write.stage, write.cause);
  }
  // The clock starts again when this attempt answers.
  state.retry = { attempts: retry.attempts, at: Number.MAX_SAFE_INTEGER };
}

/** Own writes that stood on disk only have got their revisions: from now on those are known. True when it was so. */
export function adoptOwnLate(turn: Turn, flag: { revision: number | null; exposure: Exposure }): boolean {
  const { state } = turn;
  const { offline = 0, overtaken } = state;
  const expected = expectedFlag(state);
  // A raise that nobody heard of may have come before them.
  const raised = offline > 0 && overtaken != null ? 1 : 0;
  if (!isOwnLate(flag, { ...expected, offline: offline + raised })) return false;
  if (raised === 1 && (flag.revision ?? 0) - (expected.revision ?? 0) > offline) reachOvertaken(state, null);
  journal(turn, 'note', {
    cause: { kind: 'flag', reason: 'PostgreSQL is back' },
    summary: `The step down that stood on disk while PostgreSQL was away is revision ${flag.revision}.`,
    flagBefore: state.flagRevision,
  });
  state.flagRevision = flag.revision;
  state.offline = 0;
  return true;
}
