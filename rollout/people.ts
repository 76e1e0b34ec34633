import { accept, acceptableDifference, restoreEvidence } from '../analysis/evidence.ts';
import { partName } from '../plans/slices.ts';
import { ENDED } from '../plans/view.ts';
import { applyAmendment } from './amend.ts';
import { amendRoles, gatePassed, granted, missingRoles, neededApproval } from './blockers.ts';
import type { PersonEvent, Refusal } from './event.ts';
import { writeStage } from './flag.ts';
import { stepBack } from './gate.ts';
import { watch } from './progress.ts';
import type { BrokenGlass, RolloutState } from './state.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal, person } from './turn.ts';

/** What an approval would be about: what somebody did by breaking the glass, a pending amendment, an accepted difference, or the next stage. */
type Subject = 'confirmation' | 'amendment' | 'difference' | 'stage';

function subjectOf(state: RolloutState): Subject | null {
  if (openGlass(state) !== undefined) return 'confirmation';
  if (state.amendment !== null) return 'amendment';
  if (state.pause?.causes.some(({ kind }) => kind === 'soft') === true) return 'difference';
  const approval = neededApproval(state);
  const ready = state.stage < 0 || gatePassed(state);
  return approval !== null && ready && !granted(state, approval) ? 'stage' : null;
}

/** The break-glass approval that is to be confirmed next. */
function openGlass(state: RolloutState): BrokenGlass | undefined {
  return state.glass?.[0];
}

/** Why a person's request cannot be taken now; null when it can. The workflow's validators are this function. */
export function refusal(state: RolloutState, event: PersonEvent): Refusal | null {
  if (ENDED.includes(state.phase)) return { code: 'ROLLOUT_OVER', message: `${state.id} is ${state.phase}` };
  if (state.phase === 'reverting') {
    // A rollback asked for twice is granted twice; everything else comes too late.
    return event.action === 'rollback'
      ? null
      : { code: 'HARD_STOP', message: `${state.id} is being rolled back` };
  }
  switch (event.action) {
    case 'approve':
      return approveRefusal(state, event);
    case 'reject':
      return rejectRefusal(state, event);
    case 'step-back':
      return state.stage < 0 ? { code: 'NOT_WAITING', message: `${state.id} has not begun` } : writing(state);
    case 'pause':
      return state.pause?.causes.some(({ kind }) => kind === 'person') === true
        ? { code: 'NOT_WAITING', message: `${state.id} is paused already` }
        : null;
    case 'resume':
      return resumeRefusal(state);
    case 'rollback':
      return null;
  }
}

function writing(state: RolloutState): Refusal | null {
  return state.write?.purpose === 'step-back'
    ? { code: 'NOT_WAITING', message: `${state.id} is stepping back already` }
    : null;
}

function approveRefusal(state: RolloutState, event: PersonEvent): Refusal | null {
  const verdict = state.gate?.assessment?.verdict;
  if (verdict === 'hard' || state.pause?.causes.some(({ kind }) => kind === 'hard') === true) {
    return { code: 'HARD_STOP', message: `${state.id} is at a hard stop` };
  }
  const subject = subjectOf(state);
  if (subject === null) return { code: 'NOT_WAITING', message: `${state.id} does not wait for an approval` };
  const roles = rolesFor(state, subject);
  if (subject === 'confirmation') return confirmRefusal(state, event, roles);
  if (event.breakGlass)
    return event.reason === null
      ? { code: 'REASON_MISSING', message: 'breaking the glass needs a reason' }
      : null;
  if (subject === 'amendment' && state.amendment?.by.by === event.by) {
    return { code: 'OWN_ROLLOUT', message: `${event.by} asked for this amendment` };
  }
  if (event.by === state.submittedBy.by)
    return { code: 'OWN_ROLLOUT', message: `${event.by} submitted ${state.id}` };
  if (
    subject === 'stage' &&
    state.grants.some((grant) => grant.stage === state.stage && grant.by === event.by)
  ) {
    return {
      code: 'APPROVED_ALREADY',
      message: `${event.by} has approved this stage of ${state.id} already`,
    };
  }
  if (roles.length > 0 && !event.roles.some((role) => roles.includes(role))) {
    return { code: 'ROLE_MISSING', message: `${event.by} has none of the roles ${roles.join(', ')}` };
  }
  return null;
}

/** Whoever broke the glass cannot confirm it, nor can the one whose rollout it is, and not by breaking it again. */
function confirmRefusal(state: RolloutState, event: PersonEvent, roles: string[]): Refusal | null {
  const glass = openGlass(state);
  if (event.by === glass?.by || event.by === state.submittedBy.by) {
    return {
      code: 'OWN_ROLLOUT',
      message: `what ${glass?.by ?? ''} did by breaking the glass is confirmed by somebody else than ${event.by}`,
    };
  }
  if (roles.length > 0 && !event.roles.some((role) => roles.includes(role))) {
    return { code: 'ROLE_MISSING', message: `${event.by} has none of the roles ${roles.join(', ')}` };
  }
  return null;
}

function rolesFor(state: RolloutState, subject: Subject): string[] {
  if (subject === 'confirmation') return openGlass(state)?.roles ?? [];
  if (subject === 'amendment') return amendRoles(state.plan);
  const approval = neededApproval(state);
  if (approval === null) return [];
  return subject === 'stage' ? missingRoles(state, approval) : approval.roles;
}

function rejectRefusal(state: RolloutState, event: PersonEvent): Refusal | null {
  if (subjectOf(state) === null)
    return { code: 'NOT_WAITING', message: `${state.id} does not wait for an approval` };
  const roles = rolesFor(state, subjectOf(state) ?? 'stage');
  if (
    roles.length > 0 &&
    event.by !== state.submittedBy.by &&
    !event.roles.some((role) => roles.includes(role))
  ) {
    return { code: 'ROLE_MISSING', message: `${event.by} has none of the roles ${roles.join(', ')}` };
  }
  return null;
}

function resumeRefusal(state: RolloutState): Refusal | null {
  if (state.pause === null) return { code: 'NOT_WAITING', message: `${state.id} is not paused` };
  const grave = state.pause.causes.find(({ kind }) => kind === 'hard' || kind === 'soft');
  if (grave === undefined) return null;
  if (grave.kind === 'hard')
    return { code: 'HARD_STOP', message: `${state.id} is at a hard stop: roll it back` };
  return {
    code: 'NOT_WAITING',
    message: `${state.id} is at a soft stop: approve the difference, step back or roll back`,
  };
}

/** Carries out what a person asked for; one that came too late is journaled and changes nothing. */
export function onPerson(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const no = refusal(state, event);
  if (no !== null) {
    journal(turn, 'note', {
      cause: person(event, event.reason),
      summary: `Refused to ${event.action}: ${no.message} (${no.code}).`,
    });
    return;
  }
  const cause = person(event, event.reason);
  switch (event.action) {
    case 'approve':
      approve(turn, event);
      return;
    case 'reject':
      reject(turn, event);
      return;
    case 'step-back':
      stepBack(turn, cause, event.reason ?? `asked by ${event.by}`);
      return;
    case 'pause': {
      const text = `${event.by}: ${event.reason ?? 'paused by hand'}`;
      addPause(turn, 'person', text);
      journal(turn, 'paused', { cause, summary: `Paused by ${text}.`, flagBefore: state.flagRevision });
      return;
    }
    case 'resume':
      resume(turn, event);
      return;
    case 'rollback':
      stop(turn, {
        transition: 'rollback-requested',
        cause,
        summary: `Rollback asked for by ${event.by}${event.reason === null ? '' : `: ${event.reason}`}.`,
        evidence: state.gate?.assessment ?? null,
      });
      return;
  }
}

function approve(turn: Turn, event: PersonEvent): void {
  const { state, now } = turn;
  const cause = person(event, event.reason);
  const subject = subjectOf(state);
  if (subject === 'confirmation') {
    confirm(turn, event);
    return;
  }
  if (event.breakGlass) openTheGlass(turn, event, subject ?? 'stage');
  if (subject === 'amendment') {
    applyAmendment(turn, cause);
    return;
  }
  if (subject === 'difference') {
    acceptDifference(turn, event);
    return;
  }
  const assessment = state.gate?.assessment ?? null;
  const { by, roles, breakGlass } = event;
  state.grants = [
    ...state.grants,
    {
      by,
      roles,
      breakGlass,
      stage: state.stage,
      at: now,
      flagRevision: state.flagRevision,
      t: assessment?.t ?? null,
      lnE: assessment?.lnE ?? null,
    },
  ];
  const next = state.plan.stages[state.stage + 1]?.name ?? 'the end';
  journal(turn, 'approved', {
    cause,
    summary: `${by} approves ${next}.`,
    flagBefore: state.flagRevision,
    evidence: assessment,
    queries: state.gate?.queries ?? [],
  });
}

/** The approval counts at once; the next step up waits until a second person has confirmed it. */
function openTheGlass(turn: Turn, event: PersonEvent, subject: Subject): void {
  const { state, now } = turn;
  const approval = neededApproval(state);
  const { deadline, then } = state.plan.policy.pause;
  const reason = event.reason ?? '';
  state.glass = [
    ...(state.glass ?? []),
    {
      by: event.by,
      reason,
      at: now,
      deadline: now + (approval?.sla ?? deadline) * 1000,
      then: approval?.then ?? then,
      roles: rolesFor(state, subject),
      holds: subject === 'stage' ? state.stage + 1 : state.stage,
    },
  ];
  journal(turn, 'glass-broken', {
    cause: person(event, event.reason),
    summary: `${event.by} broke the glass: ${reason}. A second person confirms it, or the plan's answer to silence follows.`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
  });
}

function confirm(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const [glass, ...others] = state.glass ?? [];
  state.glass = others;
  journal(turn, 'confirmed', {
    cause: person(event, event.reason),
    summary: `${event.by} confirms what ${glass?.by ?? ''} did by breaking the glass.`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
  });
}

/** A soft stop is approved by naming the difference one can live with; the hard margin stays where it is. */
function acceptDifference(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const assessment = state.gate?.assessment ?? null;
  const stopped =
    assessment?.metrics.filter(
      (one) => one.verdict === 'soft' || (one.metric === assessment.metric && one.slice === assessment.slice),
    ) ?? [];
  const accepted: Record<string, number> = {};
  for (const metric of stopped) {
    const value = event.accept ?? acceptableDifference(metric);
    accepted[partName(metric)] = value;
    const evidence = restoreEvidence(state.memory?.evidence);
    if (state.memory !== null && evidence !== null)
      state.memory = { ...state.memory, evidence: accept(evidence, partName(metric), value) };
  }
  state.acceptances = { ...state.acceptances, ...accepted };
  const causes = state.pause?.causes.filter(({ kind }) => kind !== 'soft' && kind !== 'stepped-back') ?? [];
  state.pause = state.pause !== null && causes.length > 0 ? { ...state.pause, causes } : null;
  const values = Object.entries(accepted).map(([metric, value]) => `${metric} up to ${value.toPrecision(3)}`);
  journal(turn, 'accepted', {
    cause: person(event, event.reason),
    summary: `${event.by} accepts a difference: ${values.join(', ')}.`,
    flagBefore: state.flagRevision,
    evidence: assessment,
    accepted,
    queries: state.gate?.queries ?? [],
  });
  watch(turn);
}

function reject(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const cause = person(event, event.reason);
  const summary = `${event.by} says no${event.reason === null ? '' : `: ${event.reason}`}.`;
  if (state.amendment !== null) {
    state.amendment = null;
    journal(turn, 'rejected', { cause, summary: `${summary} The plan stays as it was.` });
    return;
  }
  stop(turn, { transition: 'rejected', cause, summary, evidence: state.gate?.assessment ?? null });
}

function resume(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const cause = person(event, event.reason);
  const drifted = state.pause?.causes.some(({ kind }) => kind === 'drift') === true;
  state.pause = null;
  if (drifted && state.stage >= 0) {
    // The person decides that the plan's exposure holds: the flag goes back to it before anything else.
    writeStage(turn, 'restore', state.stage, cause);
    return;
  }
  journal(turn, 'resumed', { cause, summary: `Resumed by ${event.by}.`, flagBefore: state.flagRevision });
}
