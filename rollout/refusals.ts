import { ENDED } from '../plans/view.ts';
import { amendRoles, confirmRoles } from './approvers.ts';
import { granted, missingRoles, neededApproval } from './blockers.ts';
import { recheckRefusal, waiveRefusal } from './checks.ts';
import { acceptDriftRefusal } from './drift.ts';
import type { PersonAction, PersonEvent, Refusal, Seen } from './event.ts';
import { excludeRefusal, includeRefusal } from './excluding.ts';
import { heldSplit } from './held-split.ts';
import { abandonRefusal } from './leaving.ts';
import { isWatching } from './mode.ts';
import { confirmable } from './no-return.ts';
import { gatePassed } from './passed.ts';
import type { BrokenGlass, RolloutState } from './state.ts';

/** What an approval would be about: what somebody did by breaking the glass, a pending amendment, an accepted difference, a split that is not as planned, or the next stage. */
export type Subject = 'confirmation' | 'amendment' | 'difference' | 'split' | 'stage';

export function subjectOf(state: RolloutState): Subject | null {
  if (openGlass(state) !== undefined) return 'confirmation';
  if (state.amendment !== null) return 'amendment';
  if (state.pause?.causes.some(({ kind }) => kind === 'soft') === true) return 'difference';
  if (heldSplit(state) !== null) return 'split';
  const approval = neededApproval(state);
  const ready = state.stage < 0 || gatePassed(state);
  return approval !== null && ready && !granted(state, approval) ? 'stage' : null;
}

/** The break-glass approval that is to be confirmed next. */
export function openGlass(state: RolloutState): BrokenGlass | undefined {
  return state.glass?.[0];
}

/** What can still be asked of a rollback that goes down stage by stage: only to lower more. */
function hastens({ action, progressive, lower }: PersonEvent): boolean {
  if (action === 'rollback') return progressive !== true;
  return action === 'exclude' || action === 'supersede' || (action === 'abandon' && lower === true);
}

const NEVER_LATE: readonly PersonAction[] = ['rollback', 'pause', 'exclude'];

/** Why a person's request cannot be taken now; null when it can. The workflow's validators are this function. */
export function refusal(state: RolloutState, event: PersonEvent): Refusal | null {
  if (ENDED.includes(state.phase)) return { code: 'ROLLOUT_OVER', message: `${state.id} is ${state.phase}` };
  if (state.phase === 'reverting') {
    // A rollback asked for twice is granted twice; everything else comes too late.
    return event.action === 'rollback'
      ? null
      : { code: 'HARD_STOP', message: `${state.id} is being rolled back` };
  }
  if (state.descent != null && !hastens(event))
    return { code: 'HARD_STOP', message: `${state.id} is being rolled back, stage by stage` };
  const stale = staleRefusal(state, event.seen);
  // What only holds or lowers is never too late.
  if (stale !== null && !NEVER_LATE.includes(event.action)) return stale;
  if (isWatching(state)) {
    return event.action === 'end'
      ? null
      : { code: 'ONLY_WATCHES', message: `${state.id} only watches ${state.plan.flag.key}` };
  }
  switch (event.action) {
    case 'end':
      return { code: 'NOT_WAITING', message: `${state.id} moves its flag: it is rolled back, not ended` };
    case 'approve':
      return approveRefusal(state, event);
    case 'confirm':
      return noReturnRefusal(state, event);
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
    case 'accept-drift':
      return acceptDriftRefusal(state);
    case 'abandon':
      return abandonRefusal(state, event);
    case 'recheck':
      return recheckRefusal(state);
    case 'waive':
      return waiveRefusal(state, event);
    case 'exclude':
      return excludeRefusal(state, event);
    case 'include':
      return includeRefusal(state, event);
    case 'rollback':
    case 'supersede':
      return null;
  }
}

/** Why a decision is about something that is not there any more: its stage, or what was decided since. */
export function staleRefusal(state: RolloutState, seen: Seen | undefined): Refusal | null {
  const stage = state.plan.stages[state.stage]?.name ?? null;
  if (seen?.gate !== undefined && seen.gate !== stage) {
    const now = stage === null ? 'before its first stage' : `at stage ${stage}`;
    return { code: 'STATE_STALE', message: `${state.id} is not at stage ${seen.gate} any more, but ${now}` };
  }
  const { decided = 0 } = state;
  if (seen?.seq !== undefined && seen.seq < decided) {
    return {
      code: 'STATE_STALE',
      message: `${state.id} has gone on since line ${seen.seq}: line ${decided} decides otherwise`,
    };
  }
  return null;
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
  if (subject === 'split') {
    if (event.reason === null)
      return {
        code: 'REASON_MISSING',
        message: 'accepting a traffic split that is not as planned needs a reason',
      };
    if (event.accept !== null)
      return {
        code: 'NOT_WAITING',
        message: `${state.id} waits for no difference: its traffic split holds it`,
      };
  }
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

/** What cannot be taken back is asked for by name, by somebody else than who submitted it, and only once it is proven. */
function noReturnRefusal(state: RolloutState, event: PersonEvent): Refusal | null {
  const no = confirmable(state);
  if (no !== null) return { code: 'NOT_WAITING', message: `${state.id} ${no}` };
  const { key } = state.plan.flag;
  if (event.confirm !== key && event.confirm !== state.id) {
    const said = event.confirm === undefined ? 'nothing' : event.confirm;
    return { code: 'CONFIRM_NAME', message: `${key} is to be named, and ${said} was` };
  }
  if (event.by === state.submittedBy.by)
    return { code: 'OWN_ROLLOUT', message: `${event.by} submitted ${state.id}` };
  const roles = confirmRoles(state.plan);
  return roles.length > 0 && !event.roles.some((role) => roles.includes(role))
    ? { code: 'ROLE_MISSING', message: `${event.by} has none of the roles ${roles.join(', ')}` }
    : null;
}

export function rolesFor(state: RolloutState, subject: Subject): string[] {
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

export function resumeRefusal(state: RolloutState): Refusal | null {
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
