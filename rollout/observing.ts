import { type Exposure, isNobody, sameExposure, withinExposure } from '../plans/exposure.ts';
import type { Cause, Transition } from '../plans/journal.ts';
import { TOLD } from '../plans/names.ts';
import { canaryExposure, servedStage, stageExposure } from '../plans/stages.ts';
import { audience, capital, clock } from '../plans/words.ts';
import { onAlert } from './alert.ts';
import { onAmend } from './amend.ts';
import type { LookRequest } from './command.ts';
import { onDeadline } from './deadline.ts';
import type { FlagSight, GateReport, Refusal, RolloutEvent, ToldEvent } from './event.ts';
import { flagShape } from './flag.ts';
import { onLoss, onRequired } from './following.ts';
import { onGate } from './gate.ts';
import { imagine } from './imagining.ts';
import { lapsedText } from './lease.ts';
import { gatePassed } from './passed.ts';
import { onPerson } from './people.ts';
import { complete, expectedFlag, proceed, watch } from './progress.ts';
import { reportKey } from './report.ts';
import { deadlineOf, startOf } from './schedule.ts';
import type { RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, noteSubmitted, person, policy } from './turn.ts';
import { onExplained } from './why.ts';

/** Every decision about a plan that only watches: its stage follows the flag, and what it would do is a line. */
export function onWatched(turn: Turn, event: RolloutEvent): void {
  const { state } = turn;
  switch (event.kind) {
    case 'begin':
      noteSubmitted(turn);
      look(turn);
      return;
    case 'tick':
      overrun(turn);
      if (state.phase === 'active') imagine(turn, proceed);
      return;
    case 'required':
      onRequired(turn, event);
      if (state.phase === 'active')
        imagine(turn, (fork) => {
          onLoss(fork);
          proceed(fork);
        });
      return;
    case 'gate':
      onWatchedGate(turn, event.gate, event.report);
      return;
    case 'seen':
      if (state.phase !== 'submitted' || event.look !== state.looks) return;
      follow(turn, sightMove(event.sight));
      if (state.phase === 'submitted') look(turn);
      return;
    case 'told':
      onTold(turn, event);
      return;
    case 'person':
      onPerson(turn, event);
      return;
    case 'amend':
      onAmend(turn, event);
      if (state.stage >= 0 && servedStage(state.plan, state.exposure, state.stage) !== state.stage)
        enter(turn, {
          exposure: state.exposure,
          text: 'the plan was amended',
          cause: policy('the plan was amended'),
        });
      return;
    case 'alert':
      if (state.phase === 'active') imagine(turn, (fork) => onAlert(fork, event));
      return;
    case 'killed':
      journal(turn, 'note', {
        cause: person({ by: event.by, roles: [] }, event.reason),
        summary: `${event.by} killed the flag: ${event.reason}.`,
      });
      return;
    case 'explained':
    case 'unexplained':
      onExplained(turn, event);
      return;
    case 'claimed':
    case 'written':
    case 'write-refused':
    case 'write-failed':
    case 'drill':
    case 'step-done':
    case 'peers':
    case 'checked':
    case 'unchecked':
    case 'verified':
      return;
  }
}

/** The deadline of the plan is over: what it would have come to, once. */
function overrun(turn: Turn): void {
  const { state, now } = turn;
  const deadline = deadlineOf(state);
  if (deadline === null || now < deadline || state.overran === deadline) return;
  if (state.phase === 'active') imagine(turn, onDeadline);
  else
    journal(turn, 'note', {
      cause: policy('the deadline of the plan'),
      summary: `By ${clock(deadline)} UTC the rollout was to be complete, and nobody has the canary yet.`,
    });
  state.overran = deadline;
}

/** What the flag serves now, and who has brought it there. */
interface Move {
  exposure: Exposure;
  revision?: number | null;
  /** Milliseconds since 1970; absent: now. */
  at?: number;
  /** False: it was there before. */
  arrived?: boolean;
  /** `ada moved the flag`. */
  text: string;
  cause: Cause;
}

function sightMove({ exposure, revision, by, lapsedAt, already }: FlagSight): Move {
  if (already === true) {
    const reason = by === undefined ? 'found so' : `${by} has moved it last`;
    const text = `the flag serves ${audience(exposure)} already`;
    return { exposure, revision, text, arrived: false, cause: { kind: 'flag', reason } };
  }
  const text =
    lapsedAt === undefined ? `${by ?? 'somebody'} moved the flag` : lapsedText(lapsedAt, audience(exposure));
  return { exposure, revision, text, cause: { kind: 'flag', reason: text } };
}

function onWatchedGate(turn: Turn, gateId: number, report: GateReport): void {
  const { state } = turn;
  if (state.gate === null || state.gate.id !== gateId || state.phase !== 'active') return;
  const { assessment, memory, queries, flag } = report;
  // Whoever lowers or latches the flag is followed, and decides nothing here.
  imagine(turn, (fork) => onGate(fork, gateId, { ...report, flag: null, reverted: false }));
  state.gate = { ...state.gate, assessment, queries };
  state.memory = memory;
  if (flag !== null && follow(turn, sightMove(flag))) return;
  if (gatePassed(state) && passed(turn)) return;
  state.gate = { ...state.gate, key: reportKey(report, expectedFlag(state)) };
  watch(turn, state.gate);
}

/** After the last stage there is nothing to watch for; a stage with the same exposure begins by itself. True: one of both. */
function passed(turn: Turn): boolean {
  const { state } = turn;
  const { plan, stage, exposure } = state;
  const assessment = state.gate?.assessment;
  const cause: Cause = { kind: 'gate', verdict: 'pass', reason: assessment?.reason ?? '' };
  if (stage >= lastWatched(plan)) {
    complete(turn, cause, 'The gate of the last stage has passed: the observation is complete.');
    return true;
  }
  if (!sameExposure(stageExposure(plan, stage + 1), stageExposure(plan, stage))) return false;
  enter(turn, { exposure, text: 'the gate has passed', cause }, stage + 1);
  return true;
}

/** A decommission moves no flag: there is nothing in it to compare with what others do. */
function lastWatched({ stages }: RolloutState['plan']): number {
  return stages.findLastIndex(({ decommission }) => decommission === undefined);
}

/** The stage follows the flag. True when that ended the gate that watched. */
function follow(turn: Turn, move: Move): boolean {
  const { state } = turn;
  const { exposure, revision = null } = move;
  if (sameExposure(exposure, state.exposure)) {
    state.flagRevision = revision;
    return false;
  }
  if (!isNobody(canaryExposure(state.plan, exposure))) {
    enter(turn, move);
    return true;
  }
  const before = state.flagRevision;
  state.exposure = exposure;
  state.flagRevision = revision;
  if (state.startedAt === null) return false;
  journal(turn, 'note', {
    cause: move.cause,
    summary: `${capital(move.text)} to ${audience(exposure)}.`,
    flagBefore: before,
    flagAfter: revision,
  });
  complete(turn, move.cause, 'Nobody has the canary any more: the observation is over.');
  return true;
}

/** A new visit: its evidence begins with it, and what would have been done is said anew. Whoever would be off stays off. */
function enter(turn: Turn, move: Move, wanted?: number): void {
  const { state, now } = turn;
  const { exposure, revision = state.flagRevision, text, cause } = move;
  const { plan, stage: from, exposure: before, flagRevision } = state;
  const stage = wanted ?? servedStage(plan, exposure, from);
  const up = stage > from || (stage === from && withinExposure(before, exposure));
  const transition: Transition = from < 0 ? 'started' : up ? 'advanced' : 'stepped-back';
  const evidence = state.gate?.assessment ?? null;
  const queries = state.gate?.queries ?? [];
  state.phase = 'active';
  state.stage = stage;
  state.stageSince = Math.max(Math.min(move.at ?? now, now), (state.stageSince ?? state.submittedAt) + 1);
  state.startedAt ??= state.stageSince;
  state.exposure = exposure;
  state.flagRevision = revision;
  state.acceptances = {};
  state.explanation = null;
  const excluded = state.imagined?.excluded;
  delete state.imagined;
  if (excluded !== undefined) state.imagined = { said: [], pause: null, excluded };
  const name = plan.stages[stage]?.name ?? '';
  const where = stage === from ? `still stage ${name}` : `stage ${name}`;
  journal(turn, transition, {
    cause,
    summary:
      sameExposure(before, exposure) || move.arrived === false
        ? `${capital(text)}: ${where}.`
        : `${capital(text)} from ${audience(before)} to ${audience(exposure)}: ${where}.`,
    flagBefore: flagRevision,
    flagAfter: revision,
    evidence,
    queries,
  });
  const start = startOf(state);
  if (from < 0 && now < start)
    journal(turn, 'note', {
      cause: policy('the start of the plan'),
      summary: `The plan would not have begun before ${clock(start)} UTC.`,
      flagBefore: revision,
    });
  watch(turn);
}

/** Asks for the flag until somebody has the canary. */
function look(turn: Turn): void {
  const { state } = turn;
  state.looks = (state.looks ?? 0) + 1;
  const request = lookRequest(state);
  if (request !== null) turn.commands.push({ kind: 'look', request });
}

/** What is looked at while no gate watches; null: a gate does, or others tell. */
export function lookRequest(state: RolloutState): LookRequest | null {
  const { plan, phase, looks, exposure, id: rolloutId } = state;
  const { environment, flag, source } = plan;
  if (plan.mode === 'act' || phase !== 'submitted' || flag.provider === TOLD) return null;
  return {
    id: looks ?? 0,
    rolloutId,
    environment,
    key: flag.key,
    provider: flag.provider,
    shape: flagShape(plan),
    poll: source.poll,
    served: exposure,
  };
}

/** Why what was told cannot be taken; null: it can, or it was taken before. */
export function toldRefusal(state: RolloutState, event: Omit<ToldEvent, 'kind'>): Refusal | null {
  const { id, plan, told } = state;
  if (plan.flag.provider !== TOLD)
    return { code: 'NOT_WAITING', message: `${id} reads its flag itself, from "${plan.flag.provider}"` };
  if (told === undefined || event.sequence > told.sequence) return null;
  const now = `${id} serves ${audience(told.exposure)} by sequence ${told.sequence}, told ${new Date(told.at).toISOString()}`;
  if (event.sequence < told.sequence)
    return { code: 'TOLD_STALE', message: `sequence ${event.sequence} is older: ${now}` };
  return sameExposure(event.exposure, told.exposure)
    ? null
    : { code: 'TOLD_STALE', message: `sequence ${event.sequence} said something else: ${now}` };
}

function onTold(turn: Turn, event: ToldEvent): void {
  const { state, now } = turn;
  const { sequence, exposure, mover, at, by } = event;
  if (toldRefusal(state, event) !== null || sequence === state.told?.sequence) return;
  state.told = { sequence, exposure, by: mover, at: Math.min(at ?? now, now) };
  const text = `${mover ?? 'somebody'} moved the flag`;
  const cause: Cause = { kind: 'flag', reason: `${text}, told by ${by} (sequence ${sequence})` };
  follow(turn, { exposure, at: at ?? now, text, cause });
}
