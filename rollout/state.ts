import type { Evidence } from '../analysis/evidence.ts';
import type { Inquiry } from '../analysis/inquiry.ts';
import type { Assessment } from '../plans/assessment.ts';

import type { CheckAnswer } from '../plans/check.ts';

import type { DrillRun } from '../plans/drill.ts';

import { type Exclusion, excluding } from '../plans/exclusion.ts';
import type { Explanation } from '../plans/explanation.ts';
import type { Exposure } from '../plans/exposure.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import type { Cause, Transition } from '../plans/journal.ts';
import type { Origin } from '../plans/origin.ts';
import type { Plan } from '../plans/plan.ts';
import type { RequiredSight } from '../plans/requires.ts';
import type { StepLeft } from '../plans/steps.ts';
import type { Phase } from '../plans/view.ts';
import type { GateMemory, Person } from './event.ts';

/** A flag write that was asked for and not answered yet. At most one counts; an older answer is a note. */
export interface PendingWrite {
  id: number;
  purpose:
    | 'claim'
    | 'advance'
    | 'restore'
    | 'accept-drift'
    | 'step-back'
    | 'descend'
    | 'exclude'
    | 'include'
    | 'revert';
  /** Stage index in force once the write has landed. */
  stage: number;
  exposure: Exposure;
  cause: Cause;
}

/** One person's yes to leaving `stage`, void once the verdict worsens. */
export interface Grant extends Person {
  stage: number;
  at: number;
  flagRevision: number | null;
  /** End of the window and ln E that the person saw. */
  t: number | null;
  lnE: number | null;
  breakGlass: boolean;
}

/** A break-glass approval that a second person has not confirmed yet. */
export interface BrokenGlass {
  by: string;
  reason: string;
  at: number;
  /** When nobody has confirmed it by then, `then` happens. */
  deadline: number;
  then: 'step-back' | 'rollback';
  /** Who may confirm; none: anybody else. */
  roles: string[];
  /** The first stage that is not left before it is confirmed: what the glass was broken for has happened. */
  holds: number;
}

export const PAUSE_KINDS = [
  'hard',
  'soft',
  'drift',
  'limit',
  'alert',
  'required',
  'no-data',
  'overdue',
  'person',
  'stepped-back',
  'deadline',
] as const;
export type PauseKind = (typeof PAUSE_KINDS)[number];

export interface PauseCause {
  kind: PauseKind;
  text: string;
}

export interface Pause {
  causes: PauseCause[];
  since: number;
  /** When nobody has answered by then, `then` happens. */
  deadline: number;
  then: 'step-back' | 'rollback';
}

export interface Stop {
  transition: Transition;
  cause: Cause;
  at: number;
  /** Set when the gate's own worker had to write the flag because Temporal did not answer. */
  revertedByGate: boolean;
  /** As what the rollout ends; absent: rolled back. */
  end?: 'abandoned' | 'superseded';
  /** The line of the last kill since it began: the gate that reads the flag and the server that was asked both tell of one. Absent: none. */
  killed?: string;
}

/** The rest of a progressive rollback. Times in milliseconds. */
export interface Descent {
  /** The stage that was reached: of it the report and a retry speak. */
  from: number;
  every: number;
  /** When the next step is due; null: one is on its way. */
  at: number | null;
}

/** Where a metric moved is to be found out, once what it caused has been carried out. `of`: the journal line. */
export interface Question {
  of: number;
  inquiry: Inquiry;
  asked: boolean;
}

export type Would = 'would-advance' | 'would-pause' | 'would-exclude' | 'would-stop';

/** What a plan that only watches would have done in the present visit of a stage. */
export interface Imagined {
  said: { transition: Would; at: number; summary: string }[];
  /** The pause that it would be in. */
  pause: Pause | null;
  /** Whom it would have taken off the canary, in this visit or an earlier one; absent: nobody. */
  excluded?: Exclusion[];
}

/** What was told last of a flag that somebody else serves. */
export interface Told {
  sequence: number;
  exposure: Exposure;
  by: string | null;
  at: number;
}

/** The checks before a stage, as they were last asked, and where the rollout was then: elsewhere they say nothing. */
export interface StageChecks {
  run: number;
  /** The stage that they open. */
  stage: number;
  since: number | null;
  planRevision: number;
  asked: number;
  /** Null while they are out. */
  answered: number | null;
  answers: CheckAnswer[];
  /** When they are asked again; null: not by themselves. */
  next: number | null;
  /** Since when they have failed in the same way. */
  failing: number | null;
}

/** The gate that watches now. `key` is what it last reported: it speaks again when that changes. */
export interface GateState {
  id: number;
  stage: number;
  key: string;
  assessment: Assessment | null;
  queries: string[];
}

/** A loosening amendment that waits for a second person. */
export interface Amendment {
  plan: Plan;
  text: string;
  changes: string[];
  by: Person;
  reason?: string | null;
  at: number;
  /** Instead of the plan as a whole: who is to have the canary again. */
  include?: string;
}

/** The present or last drill, and what the gate knew before it. */
export interface Drill extends DrillRun {
  memory?: GateMemory | null;
}

/** Everything a rollout knows, as plain JSON: it survives continue-as-new and upgrades. */
export interface RolloutState {
  version: 1;
  id: string;
  plan: Plan;
  planRevision: number;
  submittedBy: Person;
  submittedAt: number;
  /** The rollout that this one goes on after; absent: none. */
  origin?: Origin;
  phase: Phase;
  /** Index into `plan.stages`; -1 before the first. */
  stage: number;
  /** When the first exposure landed: the origin of every sample's `t`. */
  startedAt: number | null;
  stageSince: number | null;
  endedAt: number | null;
  exposure: Exposure;
  /** True after a step back of a forward-only plan: nobody has the canary, and no gate watches. */
  withdrawn?: boolean;
  /**
   * The raise that a step back of a forward-only plan has overtaken, or that somebody's leaving the canary has, while it is not known
   * whether it landed. `gives`: it would give the canary to whoever has left, and nothing on its way takes it back.
   */
  overtaken?: { id: number; stage: number; gives?: true } | null;
  flagRevision: number | null;
  /** Lowering writes that stand on disk only: their revisions are made when PostgreSQL is back, and are ours. */
  offline?: number;
  epoch: number;
  claimed: boolean;
  write: PendingWrite | null;
  writes: number;
  /** Failed attempts of the present purpose and when the next one is due. */
  retry: { attempts: number; at: number } | null;
  gate: GateState | null;
  gates: number;
  memory: GateMemory | null;
  acceptances: Record<string, number>;
  grants: Grant[];
  /** Since when the present stage waits for its approval. */
  waitingSince: number | null;
  /** From when on its answer is counted as late: since the stage may open, where that is later; absent: since it waits. */
  answersFrom?: number;
  /** Whether answers are counted so; absent in rollouts of before they were. */
  patient?: true;
  /** The oldest first. Absent in states of before there were any. */
  glass?: BrokenGlass[];
  /** How often each open question has been reminded of, by its kind and the time at which it was asked. */
  reminded?: Record<string, number>;
  pause: Pause | null;
  stop: Stop | null;
  /** Absent where nothing was asked, as in states of before there were any. */
  question?: Question | null;
  explanation?: Explanation | null;
  amendment: Amendment | null;
  /** Of a plan that only watches; absent: nothing yet. */
  imagined?: Imagined;
  told?: Told;
  /** The look at the flag that counts; an answer to an older one is none. */
  looks?: number;
  checks?: StageChecks | null;
  /** Who let the rollout begin without what its plan asks for before, and for which revision of the plan. */
  waived?: { by: string; planRevision: number };
  /** How often checks were asked. */
  checkRuns?: number;
  /** After a soft step back: how often it was tried again, and until when it rests; null: it does not. */
  retreat?: { used: number; until: number | null };
  /** The deadline that has passed and was acted on, and the one that was told of. */
  overran?: number;
  warned?: number;
  /** Decommission: what has begun the clean days anew, when, and in which visit of the stage; absent: nothing has. */
  clean?: { by: string; at: number; since: number | null };
  /** The point of no return: since when it waits to be confirmed, and how often people were reminded; absent: it does not. */
  unconfirmed?: { since: number; reminded: number } | null;
  /** Who confirmed it, when, and in which visit of the stage. */
  confirmed?: { by: string; roles: string[]; at: number; since: number | null } | null;
  /** What is left behind the point of no return, and how often each was reminded of; absent: nothing is. */
  steps?: (StepLeft & { reminded: number })[];
  /** A rollback on its way down, stage by stage; null or absent: none. */
  descent?: Descent | null;
  /** Whom people have taken off the canary; the plan has them in `exclude`. Absent in states of before there were any. */
  excluded?: Exclusion[];
  /** The last drill; absent: there was none. */
  drill?: Drill;
  /** Older active rollouts of the same service, as last read; null while unknown. */
  peers: string[] | null;
  /** Those of them whose cohorts cannot be told from this one's; absent: none, or nobody asked. */
  mixed?: string[];
  peersAt: number | null;
  /** When they were last asked for people to read. */
  peersAsked?: number;
  /** The rollouts that the plan requires something of, as last read; absent: not yet. */
  required?: { sights: RequiredSight[]; at: number };
  /** What follows them, and whether it was asked to answer at once. */
  follow?: { id: number; planRevision: number; asking: boolean } | null;
  follows?: number;
  /** Requirements that were met once, and what became of them, as far as it was acted on. */
  requirements?: Record<string, 'met' | 'short' | 'undone'>;
  /** Journal entries so far. */
  seq: number;
  /** The last of them that changed what people may decide; absent in states of before it was kept. */
  decided?: number;
}

/** No window has been read, and no stage has begun. */
const NOWHERE = { since: -1, cursor: 0, cleanSince: null };

export function openRollout(given: {
  id: string;
  plan: Plan;
  submittedBy: Person;
  at: number;
  origin?: Origin;
  /** What an earlier rollout of the same build has left against it; absent: nothing. */
  carried?: Evidence;
  /** True for one whose history is of before answers were counted from when a stage may open. */
  hasty?: boolean;
}): RolloutState {
  const excluded = given.origin?.kind === 'retry' ? (given.origin.excluded ?? []) : [];
  return {
    version: 1,
    id: given.id,
    plan: excluding(
      given.plan,
      excluded.map(({ name }) => name),
    ),
    ...(excluded.length === 0 ? {} : { excluded: excluded.map((one) => ({ ...one, revision: null })) }),
    planRevision: 1,
    submittedBy: given.submittedBy,
    submittedAt: given.at,
    ...(given.origin === undefined ? {} : { origin: given.origin }),
    phase: 'submitted',
    stage: -1,
    startedAt: null,
    stageSince: null,
    endedAt: null,
    exposure: NO_EXPOSURE,
    flagRevision: null,
    epoch: 0,
    claimed: false,
    write: null,
    writes: 0,
    retry: null,
    gate: null,
    gates: 0,
    memory: given.carried === undefined ? null : { ...NOWHERE, evidence: given.carried },
    acceptances: {},
    grants: [],
    waitingSince: null,
    ...(given.hasty === true ? {} : { patient: true as const }),
    pause: null,
    stop: null,
    amendment: null,
    peers: null,
    peersAt: null,
    seq: 0,
  };
}
