import { restoreEvidence } from '../analysis/restored-evidence.ts';
import { excludedNames, excluding } from '../plans/exclusion.ts';
import { type Exposure, leavingOut, sameExposure } from '../plans/exposure.ts';
import type { Cause } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import { stageExposure } from '../plans/stages.ts';
import { ENDED } from '../plans/view.ts';
import type { AmendEvent, Refusal } from './event.ts';
import { include } from './exclusion.ts';
import { isWatching } from './mode.ts';
import { firstStage } from './origin.ts';
import { watch } from './progress.ts';
import { staleRefusal } from './refusals.ts';
import type { RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, person } from './turn.ts';

/** One leaf of the plan that an amendment changes. */
export interface PlanChange {
  path: string;
  before: unknown;
  after: unknown;
  /** True when the new value lets through what the old one would have stopped, or might. */
  loosens: boolean;
}

type Leaves = Map<string, unknown>;

function leaves(value: unknown, path: string, into: Leaves): Leaves {
  if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const name = Array.isArray(value) ? `[${label(child, key)}]` : path === '' ? key : `.${key}`;
      leaves(child, `${path}${name}`, into);
    }
    return into;
  }
  return into.set(path, value);
}

/** Elements of lists are known by their name, so that an inserted stage does not rename all that follow. */
function label(child: unknown, index: string): string {
  return typeof child === 'object' && child !== null && 'name' in child && typeof child.name === 'string'
    ? child.name
    : index;
}

const WEIGHTS = 'analysis.stageWeights';
const BUILD = 'metadata.build';
const NEUTRAL = /^(?:metadata\.(?:title|owner|ticket|risk|build)|notify|metrics\[[^\]]+\]\.breakdown)/;
/** Smaller is stricter; gone is looser. */
const SMALLER =
  /(?:\.(?:soft|hard)\.(?:absolute|relative)|stages\[[^\]]+\]\.percent|\.above\.(?:value|factor)|limits\[[^\]]+\]\.for|analysis\.falsePromote|policy\.noData\.after|\.promote\.proof|policy\.retry\.times|\.parity|\.maxUsers)$/;
/** Larger is stricter; gone is looser. */
const LARGER =
  /(?:\.bake|\.minRequests|\.minUsers|\.cleanFor|analysis\.falseRollback|policy\.retry\.wait|requires\[[^\]]+\]\.reached)$/;
/** New ones only add conditions. */
const ADDED =
  /^(?:limits\[|coverage\[|approvals\.start|exclude\.|windows\.(?:freezes|holidays|bakeOutsideFreezes)|start\.|deadline\.|before\.(?:metrics|alerts|drill|evidence)|requires\[|stages\[[^\]]+\]\.(?:approval|coverage|checks|maxUsers|requires))/;

function loosens(path: string, before: unknown, after: unknown): boolean {
  if (NEUTRAL.test(path)) return false;
  if (before === undefined && ADDED.test(path)) return false;
  const strict = SMALLER.test(path) ? -1 : LARGER.test(path) ? 1 : 0;
  if (strict === 0) return true;
  // A margin that appears where there was none is a condition more.
  if (before === undefined || before === null) return false;
  if (typeof before !== 'number' || typeof after !== 'number') return true;
  return (after - before) * strict < 0;
}

/** Every leaf that differs between two plans, in the order of the new one. */
export function planChanges(before: Plan, after: Plan): PlanChange[] {
  const old = leaves(before, '', new Map());
  const fresh = leaves(after, '', new Map());
  const paths = [...new Set([...fresh.keys(), ...old.keys()])];
  return (
    paths
      .filter((path) => old.get(path) !== fresh.get(path))
      // A rollout that was begun before plans had the word goes on with the weights that it has.
      .filter((path) => path !== WEIGHTS || old.has(path))
      .map((path) => ({
        path,
        before: old.get(path),
        after: fresh.get(path),
        loosens: loosens(path, old.get(path), fresh.get(path)),
      }))
  );
}

export function describeChange({ path, before, after }: PlanChange): string {
  return `${path}: ${show(before)} → ${show(after)}`;
}

function show(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}

/** What makes a rollout the one that it is. */
export const FIXED: readonly string[] = [
  'environment',
  'flag.key',
  'flag.provider',
  'flag.baseline',
  'flag.canary',
  'flag.stickiness',
  'flag.flagSet',
  'flag.tenant',
  'metadata.name',
  'reversibility',
  'mode',
];

/** Whom a plan excludes may change while it runs: that is no other stage. */
function given(plan: Plan, index: number): Exposure {
  return leavingOut(stageExposure(plan, index), []);
}

/** The first stage up to `last` whose name or exposure `after` changes; null: it keeps them all. */
export function keepsStages(before: Plan, after: Plan, last: number): string | null {
  for (let index = 0; index <= last; index += 1) {
    const old = before.stages[index];
    const next = after.stages[index];
    const same =
      next !== undefined &&
      old !== undefined &&
      next.name === old.name &&
      sameExposure(given(after, index), given(before, index));
    if (!same) return old?.name ?? String(index);
  }
  return null;
}

/** Why an amendment cannot be taken; null when it can. */
export function amendRefusal(
  state: RolloutState,
  { plan: wanted, seen }: Pick<AmendEvent, 'plan' | 'seen'>,
): Refusal | null {
  if (ENDED.includes(state.phase)) return { code: 'ROLLOUT_OVER', message: `${state.id} is ${state.phase}` };
  if (state.phase === 'reverting' || state.descent != null)
    return { code: 'HARD_STOP', message: `${state.id} is being rolled back` };
  const stale = staleRefusal(state, seen);
  if (stale !== null) return stale;
  const plan = keepingSaid(state, wanted);
  const fresh = excludedNames(plan).filter((name) => !excludedNames(state.plan).includes(name));
  if (fresh.length > 0 && plan.reversibility === 'forward-only' && state.startedAt !== null)
    return {
      code: 'AMEND_REFUSED',
      message: `the old path may not read what the canary has written for ${fresh.join(', ')}`,
    };
  const changes = planChanges(state.plan, plan);
  // Evidence that was seen must not choose its own weights.
  const bad = changes.find(({ path }) => path === WEIGHTS || FIXED.includes(path));
  if (bad !== undefined)
    return { code: 'AMEND_REFUSED', message: `${bad.path} cannot change while the rollout runs` };
  // What was seen is about the build that was named: one that is named late is meant to have been there all along.
  const other = changes.find(({ path, before }) => path === BUILD && before !== undefined);
  if (other !== undefined)
    return {
      code: 'AMEND_REFUSED',
      message: `what was seen is about build ${String(other.before)}: roll back, and retry with another one`,
    };
  // Where a retry begins above the first stage, what it begins at stands fast before it has begun.
  const begun = state.origin === undefined ? state.stage : Math.max(state.stage, firstStage(state));
  const changed = keepsStages(state.plan, plan, begun);
  if (changed !== null)
    return { code: 'AMEND_REFUSED', message: `stage ${changed} has begun and keeps its name and exposure` };
  if (changes.length === 0)
    return { code: 'AMEND_REFUSED', message: 'the new plan says the same as the old one' };
  return null;
}

/** Whom people have taken off stays off, and a build that was named stays named: an amended plan does not know of them. */
export function keepingSaid(
  { excluded = [], plan: { metadata } }: Pick<RolloutState, 'excluded' | 'plan'>,
  plan: Plan,
): Plan {
  const kept = excluding(
    plan,
    excluded.map(({ name }) => name),
  );
  return metadata.build === undefined || plan.metadata.build !== undefined
    ? kept
    : { ...kept, metadata: { ...kept.metadata, build: metadata.build } };
}

/** What only tightens holds at once; what loosens waits for a second person. Evidence is never erased. */
export function onAmend(turn: Turn, event: AmendEvent): void {
  const { state, now } = turn;
  const cause = person(event, event.reason);
  const no = amendRefusal(state, event);
  if (no !== null) {
    journal(turn, 'note', { cause, summary: `Refused to amend: ${no.message} (${no.code}).` });
    return;
  }
  const plan = keepingSaid(state, event.plan);
  const changes = planChanges(state.plan, plan);
  const { by, roles } = event;
  state.amendment = {
    plan,
    text: event.text,
    changes: changes.map(describeChange),
    by: { by, roles },
    reason: event.reason,
    at: now,
  };
  // Where nothing is moved, nothing becomes looser.
  if (isWatching(state) || !changes.some((change) => change.loosens)) {
    applyAmendment(turn, cause);
    return;
  }
  const loose = changes.filter((change) => change.loosens).map(({ path }) => path);
  journal(turn, 'approval-needed', {
    cause,
    summary: `The amendment loosens ${loose.join(', ')}: a second person must approve it.`,
  });
}

export function applyAmendment(turn: Turn, cause: Cause): void {
  const { state } = turn;
  const { amendment } = state;
  if (amendment === null) return;
  if (amendment.include !== undefined) {
    include(turn, amendment.include, cause);
    return;
  }
  // What an older version wrote goes by the stages of the plan before.
  const evidence = restoreEvidence(state.memory?.evidence, state.plan);
  if (state.memory !== null && evidence !== null) state.memory = { ...state.memory, evidence };
  state.plan = keepingSaid(state, amendment.plan);
  state.planRevision += 1;
  state.amendment = null;
  // An approval was given on the old plan.
  state.grants = [];
  state.waitingSince = null;
  journal(turn, 'amended', {
    cause,
    summary: `Plan revision ${state.planRevision}: ${amendment.changes.join('; ')}.`,
  });
  const { plan, text, by, reason = null } = amendment;
  const approvedBy = cause.kind === 'person' && cause.by !== by.by ? cause.by : null;
  turn.commands.push({
    kind: 'save-plan',
    revision: {
      rolloutId: state.id,
      revision: state.planRevision,
      plan,
      text,
      by: by.by,
      approvedBy,
      reason,
      at: turn.now,
      after: lastJudged(state),
    },
  });
  if (state.gate !== null) watch(turn);
}

/** End of the last window that stays judged by the plan before: those read since the last report are read again. */
function lastJudged({ startedAt, stageSince, memory }: RolloutState): number | null {
  if (startedAt === null || stageSince === null) return null;
  const read = memory !== null && memory.since === stageSince;
  return (read ? memory.cursor : stageSince / 1000) - startedAt / 1000;
}
