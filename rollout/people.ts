import { beginAnew } from '../analysis/gate.ts';
import { restoreEvidence } from '../analysis/restored-evidence.ts';
import { ALIKE } from '../plans/shadow.ts';
import { audience } from '../plans/words.ts';
import { acceptDifference, acceptDrift, acceptHeldSplit } from './accepting.ts';
import { applyAmendment } from './amend.ts';
import { neededApproval } from './blockers.ts';
import { recheck, waive } from './checking.ts';
import { restartClean } from './clean-days.ts';
import { confirmNoReturn } from './confirming.ts';
import { rollBack, wantedPace } from './descent.ts';
import { isDrifted } from './drift.ts';
import { abandon, supersede } from './ending.ts';
import type { PersonEvent } from './event.ts';
import { askToInclude, exclude } from './exclusion.ts';
import { writeStage } from './flag.ts';
import { stepBack } from './gate.ts';
import { nextStage } from './origin.ts';
import { complete, watch } from './progress.ts';
import { refusal, rolesFor, type Subject, subjectOf } from './refusals.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal, person } from './turn.ts';

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
    case 'confirm':
      confirmNoReturn(turn, event);
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
      restartClean(turn, cause, `a pause by ${text}`);
      return;
    }
    case 'resume':
      resume(turn, event);
      return;
    case 'accept-drift':
      acceptDrift(turn, event);
      return;
    case 'recheck':
      recheck(turn, event);
      return;
    case 'waive':
      waive(turn, event);
      return;
    case 'end':
      complete(
        turn,
        cause,
        `${event.by} ends the observation: the flag stays as it is, at ${audience(state.exposure)}.`,
      );
      return;
    case 'abandon':
      abandon(turn, event);
      return;
    case 'supersede':
      supersede(turn, event);
      return;
    case 'exclude':
      exclude(turn, event);
      return;
    case 'include':
      askToInclude(turn, event);
      return;
    case 'rollback':
      rollBack(turn, wantedPace(state, event), {
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
  if (subject === 'split') {
    acceptHeldSplit(turn, event);
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
  const next = state.plan.stages[nextStage(state)]?.name ?? 'the end';
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
  const drifted = isDrifted(state);
  state.pause = null;
  if ((drifted || state.withdrawn === true) && state.stage >= 0) {
    // The person decides that the plan's exposure holds: the flag goes back to it before anything else.
    writeStage(turn, 'restore', state.stage, cause);
    return;
  }
  const anew = alikeAgain(state);
  journal(turn, 'resumed', {
    cause,
    summary: `Resumed by ${event.by}.${anew ? ' The cohorts are compared anew.' : ''}`,
    flagBefore: state.flagRevision,
  });
  if (anew) watch(turn);
}

/** What told two cohorts of the old path apart is mended, as a person says: what was seen of it says nothing any more. */
function alikeAgain(state: Turn['state']): boolean {
  const fired = state.gate?.assessment?.limits.some((one) => one.limit === ALIKE && one.fired) === true;
  const evidence = restoreEvidence(state.memory?.evidence, state.plan);
  if (!fired || state.memory === null || evidence === null) return false;
  state.memory = { ...state.memory, evidence: beginAnew(evidence) };
  return true;
}
