import { type Exclusion, excludedNames, excluding, including } from '../plans/exclusion.ts';
import { leavingOut, leftOut, sameExposure } from '../plans/exposure.ts';
import type { Cause } from '../plans/journal.ts';
import { whoIn } from '../plans/slices.ts';
import { stageExposure } from '../plans/stages.ts';
import { amendRoles } from './approvers.ts';
import { drillRuns } from './drill-facts.ts';
import type { PersonEvent } from './event.ts';
import { namedBy, withoutExcluded } from './excluding.ts';
import { lowerFlag, writeStage } from './flag.ts';
import { pauseForDrift } from './moved.ts';
import { watch } from './progress.ts';
import type { PendingWrite, RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, person } from './turn.ts';

/*
 * One tenant or segment off the canary while the rollout goes on for the rest. `exclude` of the plan in force has them, so that
 * every exposure written later leaves them out; the flag that is served now follows in `settleAudience`.
 */

/** At once, and nobody is asked: it only lowers. */
export function exclude(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const name = namedBy(state, event);
  if (name === null) return;
  const { by } = event;
  const reason = event.reason ?? '';
  takeOff(turn, { name, by, reason }, person(event, event.reason));
}

/** Takes somebody off, by whoever says so; the flag follows in `settleAudience`. */
export function takeOff(turn: Turn, one: Omit<Exclusion, 'at' | 'revision'>, cause: Cause): void {
  const { state, now } = turn;
  const { name, by, reason } = one;
  const { slice, metric } = state.gate?.assessment ?? {};
  const whole = slice !== undefined && whoIn(state.plan, slice) === name;
  state.plan = excluding(state.plan, [name]);
  state.excluded = [...(state.excluded ?? []), { ...one, at: now, revision: null }];
  journal(turn, 'excluded', {
    cause,
    who: name,
    summary: `${by} takes ${name} off the canary; the rollout goes on for the rest${state.stage < 0 ? ', once it begins' : ''}: ${reason.replace(/\.$/, '')}.`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
    queries: state.gate?.queries ?? [],
  });
  if (whole) answerSoftStop(turn, `${metric ?? 'what it stopped at'} was worse for ${name}`);
  takeOver(turn);
  if (state.gate !== null && state.write === null && isSettled(state)) watch(turn, state.gate);
}

/** The gate had stopped at what it saw of them alone. The rest has evidence of its own, which stands. */
function answerSoftStop(turn: Turn, text: string): void {
  const { state } = turn;
  const causes = state.pause?.causes.filter(({ kind }) => kind !== 'soft') ?? [];
  if (state.pause === null || causes.length === state.pause.causes.length) return;
  state.pause = causes.length === 0 ? null : { ...state.pause, causes };
  journal(turn, 'resumed', {
    cause: { kind: 'policy', reason: text },
    summary: `The soft stop is answered: ${text}, who are off the canary.`,
    flagBefore: state.flagRevision,
  });
}

/** What is on its way would give them the canary: it is overtaken, or waits where it has failed and could only raise. */
function takeOver(turn: Turn): void {
  const { state } = turn;
  const { write, retry } = state;
  if (write === null) return;
  if (write.purpose === 'advance' && state.stage >= 0) {
    // It is decided anew once they are off: its gate has passed all the same.
    // Where nobody is served yet nobody is left out, so that no write follows that would end what is on its way.
    const gives = isSettled(state) ? { gives: true as const } : {};
    state.overtaken = { id: write.id, stage: write.stage, ...gives };
    state.write = null;
    return;
  }
  const failed = retry !== null && retry.at !== Number.MAX_SAFE_INTEGER;
  if (!failed || (write.purpose !== 'restore' && write.purpose !== 'accept-drift')) return;
  state.write = null;
  pauseForDrift(
    turn,
    'the flag could not be taken back to its stage before somebody was taken off the canary',
  );
}

/** It raises, so a second person agrees first, as to every change that loosens the plan. */
export function askToInclude(turn: Turn, event: PersonEvent): void {
  const { state, now } = turn;
  const name = namedBy(state, event);
  if (name === null) return;
  const { by, roles } = event;
  const text = `${name} has the canary again`;
  state.amendment = {
    plan: state.plan,
    text: '',
    changes: [text],
    by: { by, roles },
    reason: event.reason,
    at: now,
    include: name,
  };
  const asked = amendRoles(state.plan);
  journal(turn, 'approval-needed', {
    cause: person(event, event.reason),
    summary: `${by} asks that ${text}: a second person${asked.length === 0 ? '' : ` (${asked.join(', ')})`} must approve it.`,
    flagBefore: state.flagRevision,
  });
}

/** A second person agrees. The flag follows once nothing speaks against the canary of the present stage. */
export function include(turn: Turn, name: string, cause: Cause): void {
  const { state } = turn;
  const asked = state.amendment?.by.by ?? '';
  state.amendment = null;
  state.plan = including(state.plan, name);
  state.excluded = state.excluded?.filter((one) => one.name !== name) ?? [];
  journal(turn, 'included', {
    cause,
    who: name,
    summary: `${name} may have the canary again, as ${asked} asked.`,
    flagBefore: state.flagRevision,
  });
  if (state.gate !== null) watch(turn, state.gate);
}

/** The flag leaves out whom the plan excludes. */
function isSettled(state: RolloutState): boolean {
  return sameExposure(withoutExcluded(state), state.exposure);
}

/**
 * Brings what the flag serves to whom the plan excludes, whenever no other write is out: down at once, up only where
 * nothing speaks against the canary in the present stage, to which the gates below have led.
 */
export function settleAudience(turn: Turn): void {
  const { state } = turn;
  const { plan, exposure, stage } = state;
  if (state.phase !== 'active' || !state.claimed || state.write !== null) return;
  // What is served in place of the canary is served to them too.
  if (exposure.variant !== null && exposure.variant !== plan.flag.canary) return;
  if (!isSettled(state)) {
    state.retry = null;
    lowerFlag(turn, 'exclude', stage, lastCause(state));
    return;
  }
  noteRevisions(state);
  const wanted = stage < 0 ? exposure : stageExposure(plan, stage);
  if (sameExposure(wanted, exposure) || !sameExposure(leavingOut(exposure, excludedNames(plan)), wanted))
    return;
  const verdict = state.gate?.stage === stage ? state.gate.assessment?.verdict : undefined;
  const free = state.pause === null && state.descent == null && state.retry === null && !drillRuns(state);
  if (free && (verdict === 'pass' || verdict === 'hold'))
    writeStage(turn, 'include', stage, { kind: 'policy', reason: 'a second person agreed' });
}

function lastCause({ excluded = [] }: RolloutState): Cause {
  const last = excluded.at(-1);
  if (last === undefined) return { kind: 'policy', reason: 'the plan excludes them' };
  return last.slice !== undefined
    ? { kind: 'gate', verdict: 'hold', reason: `${last.name}: ${last.reason}` }
    : { kind: 'person', by: last.by, roles: [], reason: `${last.name}: ${last.reason}` };
}

/** Since when each of them is off, as the flag was read back. */
function noteRevisions(state: RolloutState): void {
  const { excluded, exposure, flagRevision } = state;
  const out = leftOut(exposure);
  if (excluded?.some(({ name, revision }) => revision === null && out.includes(name)) !== true) return;
  state.excluded = excluded.map((one) =>
    one.revision === null && out.includes(one.name) ? { ...one, revision: flagRevision } : one,
  );
}

/** The raise that they were taken out of has landed all the same: back to what the stage serves, at once. */
export function takeBack(turn: Turn): void {
  const { state } = turn;
  state.retry = null;
  lowerFlag(turn, 'exclude', state.stage, lastCause(state));
}

/** Its write has landed: the gate watches on, over whoever is left. */
export function audienceSettled(
  turn: Turn,
  write: PendingWrite,
  revisions: { before: number | null; after: number | null },
): void {
  const { state } = turn;
  state.exposure = write.exposure;
  journal(turn, 'note', {
    cause: write.cause,
    summary: settledText(write),
    flagBefore: revisions.before,
    flagAfter: revisions.after,
  });
  if (state.gate !== null) watch(turn, state.gate);
}

function settledText({ purpose, exposure }: PendingWrite): string {
  const out = leftOut(exposure).join(', ');
  if (purpose === 'include')
    return `The flag gives them the canary again${out === '' ? '' : `; still off it: ${out}`}.`;
  return out === '' ? 'The flag is back at what the stage serves.' : `The flag leaves out ${out}.`;
}
