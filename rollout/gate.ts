import type { Assessment, LimitAssessment } from '../plans/assessment.ts';
import { sameExposure } from '../plans/exposure.ts';
import type { Cause, Transition } from '../plans/journal.ts';
import { valueText } from '../plans/metric-words.ts';
import { ALIKE, DOUBT } from '../plans/shadow.ts';
import { containedStage, isAlike } from '../plans/stages.ts';
import { restartClean } from './clean-days.ts';
import { paceOf, rollBack } from './descent.ts';
import { isDrifted } from './drift.ts';
import type { GateReport } from './event.ts';
import { stopExposure } from './exposure.ts';
import { lowerFlag } from './flag.ts';
import { lapsedText } from './lease.ts';
import { describe, pauseForDrift } from './moved.ts';
import { expectedFlag, proceed, watch } from './progress.ts';
import { flagMoved, reportKey, said } from './report.ts';
import { isResting } from './schedule.ts';
import { adoptOwnExclusion, sever } from './severing.ts';
import type { PauseKind, RolloutState } from './state.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal } from './turn.ts';
import { limitedMetric, wonder } from './why.ts';
import { adoptOwnLate } from './write.ts';

/** What a gate's report does: stop, pause, note that it passed, or nothing; then the gate watches on. */
export function onGate(turn: Turn, gateId: number, report: GateReport): void {
  const { state } = turn;
  if (state.gate === null || state.gate.id !== gateId || state.phase !== 'active') return;
  const { assessment } = report;
  const before = state.gate.assessment;
  state.gate = { ...state.gate, assessment, queries: report.queries };
  if (report.flag !== null) adoptOwnLate(turn, report.flag);
  adoptOwnExclusion(turn, report);
  state.memory = report.memory;
  voidGrants(turn, before);
  if (report.flag?.latch != null) {
    const { by, reason } = report.flag.latch;
    stop(turn, {
      transition: 'killed',
      cause: { kind: 'flag', reason: `${by}: ${reason}` },
      summary: `Killed by ${by}: ${reason}.`,
    });
    return;
  }
  if (hardStop(turn, report)) return;
  noteDrift(turn, report);
  if (severedTooMany(turn, report)) return;
  noteIncident(turn, assessment, state.gate.key);
  softCauses(turn, assessment, state.gate.key);
  dataCauses(turn, before, assessment);
  if (report.overdue && !said(state.gate.key, 'overdue'))
    pause(
      turn,
      'overdue',
      'paused',
      `stage ${assessment.stage} has not passed within its longest time: ${assessment.reason}`,
      assessment,
    );
  if (state.gate.assessment?.verdict === 'pass' && before?.verdict !== 'pass' && state.descent == null)
    notePassed(turn, assessment);
  proceed(turn);
  if (!isActive(state)) return;
  // By the flag as it is known now: somebody who moves it once more before the next poll is no old news.
  state.gate = { ...state.gate, key: reportKey(report, expectedFlag(state)) };
  // The next stage's gate begins when its exposure lands; should that fail, this one goes on.
  if (state.write?.purpose !== 'advance' && !turn.commands.some(({ kind }) => kind === 'watch'))
    watch(turn, state.gate);
}

/** Read through a function, since the steps before may have changed the phase. */
function isActive(state: RolloutState): boolean {
  return state.phase === 'active';
}

function gateCause(assessment: Assessment): Cause {
  return { kind: 'gate', verdict: assessment.verdict, reason: assessment.reason };
}

/** An approval was given on a verdict; once the verdict is worse, it is void. */
function voidGrants(turn: Turn, before: Assessment | null): void {
  const { state } = turn;
  const now = state.gate?.assessment;
  if (now?.verdict !== 'pass' && state.confirmed != null) state.confirmed = null;
  if (now === undefined || now === null || now.verdict === 'pass' || state.grants.length === 0) return;
  if (before !== null && before.verdict !== 'pass') return;
  const stage = state.grants.filter((grant) => grant.stage === state.stage);
  if (stage.length === 0) return;
  state.grants = state.grants.filter((grant) => grant.stage !== state.stage);
  state.waitingSince = null;
  journal(turn, 'note', {
    cause: gateCause(now),
    summary: `The approval of ${stage.map(({ by }) => by).join(', ')} is void: the verdict is now ${now.verdict}.`,
    evidence: now,
  });
}

function hardStop(turn: Turn, report: GateReport): boolean {
  const { state } = turn;
  const { assessment, queries } = report;
  const limit = assessment.limits.find(({ fired, action }) => fired && action === 'rollback');
  if (assessment.verdict !== 'hard' && limit === undefined && !report.reverted) return false;
  if (
    assessment.verdict === 'hard' &&
    state.plan.policy.hard === 'pause' &&
    state.descent == null &&
    limit === undefined &&
    !report.reverted
  ) {
    if (pause(turn, 'hard', 'hard-stop', assessment.reason, assessment)) wonder(turn, assessment);
    return false;
  }
  const reason = limit === undefined ? assessment.reason : crossedText(limit);
  stop(turn, {
    transition: 'hard-stop',
    cause: { kind: 'gate', verdict: 'hard', reason },
    summary: `Hard stop: ${reason}.`,
    evidence: assessment,
    queries,
    revertedByGate: report.reverted,
  });
  wonder(turn, limit === undefined ? assessment : limitedMetric(state.plan, limit.limit));
  return true;
}

/** Slices that got worse alone are off the canary; true: that was too much of it, and the whole has stopped. */
function severedTooMany(turn: Turn, report: GateReport): boolean {
  const { state } = turn;
  const { assessment } = report;
  const reason = sever(turn, assessment);
  if (reason === null) return false;
  const stopped = { ...assessment, verdict: 'hard' as const, reason };
  const [first] = assessment.severed ?? [];
  const at = first === undefined ? stopped : { ...stopped, metric: first.metric, slice: first.slice };
  if (state.gate !== null) state.gate = { ...state.gate, assessment: at };
  return hardStop(turn, { ...report, assessment: at });
}

function noteDrift(turn: Turn, report: GateReport): void {
  const { state } = turn;
  // While a write of our own is out, a new revision may be that write.
  if (report.flag === null || state.write !== null) return;
  if (!flagMoved(report.flag, expectedFlag(state))) return;
  const { revision, exposure, lapsedAt, by = 'somebody else' } = report.flag;
  const before = state.flagRevision;
  state.flagRevision = revision;
  state.exposure = exposure;
  pauseForDrift(
    turn,
    lapsedAt === undefined
      ? `${by} moved the flag from revision ${before ?? '?'} to ${revision}: it serves ${exposure.percent} %`
      : lapsedText(lapsedAt, describe(exposure)),
  );
}

/** What speaks against the canary while the old path is watched for its last calls, told once. */
function noteIncident(turn: Turn, assessment: Assessment, key: string): void {
  const { verdict, metric, limits } = assessment;
  const cause = gateCause(assessment);
  for (const { limit, fired } of limits)
    if (fired && !said(key, limit)) restartClean(turn, cause, `the limit "${limit}"`);
  if ((verdict === 'soft' || verdict === 'hard') && !said(key, verdict))
    restartClean(turn, cause, `a ${verdict} stop${metric === null ? '' : ` by ${metric}`}`);
}

function softCauses(turn: Turn, assessment: Assessment, key: string): void {
  const { state } = turn;
  for (const limit of assessment.limits.filter(({ fired, action }) => fired && action === 'pause')) {
    if (said(key, limit.limit)) continue;
    const fresh = pause(turn, 'limit', 'paused', limitText(turn, limit, assessment), assessment);
    if (fresh) wonder(turn, limitedMetric(state.plan, limit.limit));
  }
  if (assessment.verdict !== 'soft' || isResting(state, turn.now) || state.descent != null) return;
  if (state.plan.policy.soft === 'rollback') {
    rollBack(turn, paceOf(state.plan), {
      transition: 'soft-stop',
      cause: gateCause(assessment),
      summary: `Soft stop: ${assessment.reason}.`,
      evidence: assessment,
      queries: state.gate?.queries ?? [],
    });
    wonder(turn, assessment);
    return;
  }
  const fresh = pause(turn, 'soft', 'soft-stop', assessment.reason, assessment);
  if (fresh) wonder(turn, assessment);
  if (fresh && state.plan.policy.soft === 'step-back')
    stepBack(turn, gateCause(assessment), assessment.reason);
}

function crossedText({ limit, kind, value, threshold }: LimitAssessment): string {
  const seen = value === null ? 'no value' : valueText(kind, value);
  return `the limit "${limit}" was crossed: ${seen} above ${valueText(kind, threshold)}`;
}

function limitText({ state }: Turn, limit: LimitAssessment, { reason }: Assessment): string {
  if (limit.limit === ALIKE || limit.limit === DOUBT) return reason;
  const crossed = crossedText(limit);
  return isAlike(state.plan.stages[state.stage]) ? `${crossed}, with the old path on both sides` : crossed;
}

/** The rest after a step back is over, and the evidence that it was for stands: that is a soft stop like any other. */
export function onSoftAgain(turn: Turn): void {
  const { gate } = turn.state;
  if (gate?.assessment != null) softCauses(turn, gate.assessment, gate.key);
}

function dataCauses(turn: Turn, before: Assessment | null, assessment: Assessment): void {
  const { state } = turn;
  if (assessment.verdict === 'no-data') {
    if (state.plan.policy.noData.then === 'rollback') {
      stop(turn, {
        transition: 'no-data',
        cause: gateCause(assessment),
        summary: `No data: ${assessment.reason}.`,
        evidence: assessment,
      });
    } else if (before?.verdict !== 'no-data') {
      pause(turn, 'no-data', 'no-data', assessment.reason, assessment);
    }
    return;
  }
  if (state.pause === null || !state.pause.causes.some(({ kind }) => kind === 'no-data')) return;
  const causes = state.pause.causes.filter(({ kind }) => kind !== 'no-data');
  state.pause = causes.length > 0 ? { ...state.pause, causes } : null;
  journal(turn, 'resumed', {
    cause: gateCause(assessment),
    summary: 'The data are back.',
    flagBefore: state.flagRevision,
    evidence: assessment,
  });
}

function notePassed(turn: Turn, assessment: Assessment): void {
  journal(turn, 'gate-passed', {
    cause: gateCause(assessment),
    summary: `The gate of stage ${assessment.stage} has passed: ${assessment.reason}`,
    flagBefore: turn.state.flagRevision,
    evidence: assessment,
    queries: turn.state.gate?.queries ?? [],
  });
  const stage = turn.state.plan.stages[turn.state.stage];
  if (stage?.decommission === undefined) return;
  journal(turn, 'decommission-ready', {
    cause: gateCause(assessment),
    summary: `The old path can go: ${assessment.reason}.`,
    flagBefore: turn.state.flagRevision,
    evidence: assessment,
  });
}

function pause(
  turn: Turn,
  kind: PauseKind,
  transition: Transition,
  text: string,
  assessment: Assessment,
): boolean {
  if (!addPause(turn, kind, text)) return false;
  journal(turn, transition, {
    cause: gateCause(assessment),
    summary: `Paused: ${text}.`,
    flagBefore: turn.state.flagRevision,
    evidence: assessment,
    queries: turn.state.gate?.queries ?? [],
  });
  return true;
}

/**
 * One stage down; of a forward-only plan, in the same stage, to its safe variant for all who have the canary. Where somebody
 * else has lowered the flag further, only a person raises it again: without one it goes to the stage within what is served.
 * Where there is nothing to step back to, that is a rollback. The pause stays until a person ends it.
 */
export function stepBack(turn: Turn, cause: Cause, text: string): void {
  const { state } = turn;
  // The one on its way answers this cause too; a second one would no longer know which stage had been reached.
  if (state.write?.purpose === 'step-back') return;
  const forward = state.plan.reversibility === 'forward-only';
  const top = state.stage - 1;
  const alone = isDrifted(state) && cause.kind !== 'person';
  const below = alone ? containedStage(state.plan, state.exposure, top) : top;
  const stage = forward && top >= 0 ? state.stage : below;
  if (stage < 0 || (forward && sameExposure(stopExposure(state), state.exposure))) {
    stop(turn, {
      transition: 'rollback-requested',
      cause,
      summary: `There is ${state.stage <= 0 ? 'no stage' : 'nothing'} to step back to: ${text}.`,
    });
    return;
  }
  if (state.pause === null) addPause(turn, 'stepped-back', text);
  state.retry = null;
  const { write } = state;
  if (forward && write?.purpose === 'advance') state.overtaken = { id: write.id, stage: write.stage };
  lowerFlag(turn, 'step-back', stage, cause);
}
