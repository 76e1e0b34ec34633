import type { Evidence } from '../analysis/evidence.ts';
import type { Learnt } from '../analysis/history.ts';
import type { Assessment } from '../plans/assessment.ts';
import type { CheckAnswer } from '../plans/check.ts';
import type { Breakage } from '../plans/drill.ts';
import type { Explanation } from '../plans/explanation.ts';
import type { Exposure } from '../plans/exposure.ts';
import type { FailureCode } from '../plans/failures.ts';
import type { ReferenceReport } from '../plans/flag/references.ts';
import type { Plan } from '../plans/plan.ts';
import type { RequiredSight } from '../plans/requires.ts';

export interface Person {
  by: string;
  roles: string[];
  /** Who sent it in this person's name. */
  through?: string;
}

/** What the gate saw of the flag at its last poll; null where it could not be read. */
export interface FlagSight {
  /** Null: whoever serves the flag counts none. */
  revision: number | null;
  exposure: Exposure;
  latch: { by: string; reason: string } | null;
  /** When the exposure ends unless the gate renews it; absent: never. */
  leaseUntil?: number;
  /** When a lease ran out that has brought the flag to this exposure; absent: none has. */
  lapsedAt?: number;
  /** Who made the present revision; absent: not known. */
  by?: string;
  /** What a rollout that only watches has found when it began. */
  already?: true;
}

/**
 * What a gate must remember to go on elsewhere: it travels in heartbeats, reports and requests. Reading the
 * windows after `cursor` again gives the same evidence, since a past window always reads the same.
 */
export interface GateMemory {
  evidence: Evidence;
  /** What the time before the rollout has told; absent: not read yet. */
  learnt?: Learnt;
  /** When the stage began that the evidence is in (ms since 1970): the same stage entered again is another one. */
  since: number;
  /** End of the last window that was read, Unix seconds. */
  cursor: number;
  /** Decommission: since when (Unix seconds) the old path has been unused. */
  cleanSince: number | null;
  /** Decommission: seconds since then in which the metrics gave no answer; absent: none. */
  unseen?: number;
  /** Decommission: what repositories last reported; absent: nobody asks, as over recorded samples. */
  references?: ReferenceReport[] | 'unread';
}

/** Why a request cannot be taken now. */
export interface Refusal {
  code: FailureCode;
  message: string;
}

/** What a gate hands back when it has something to decide. */
export interface GateReport {
  assessment: Assessment;
  memory: GateMemory;
  queries: string[];
  flag: FlagSight | null;
  /** Past the stage's longest time without a pass. */
  overdue: boolean;
  /** The gate's worker has already lowered the flag, because nobody else did in time. */
  reverted: boolean;
}

/** What an alert is about: the canary alone, the whole service, another deployment of it, or a bug that somebody reports. */
export type AlertScope = 'canary' | 'service' | 'deploy' | 'bug' | 'minor-bug';

export type PersonAction =
  | 'approve'
  | 'confirm'
  | 'reject'
  | 'step-back'
  | 'pause'
  | 'resume'
  | 'recheck'
  | 'waive'
  | 'accept-drift'
  | 'rollback'
  | 'exclude'
  | 'include'
  | 'end'
  | 'abandon'
  | 'supersede';

/** What a person saw when deciding, where they say so: the last journal line, or the stage whose gate it was. */
export interface Seen {
  seq?: number;
  gate?: string;
}

export interface PersonEvent extends Person {
  kind: 'person';
  action: PersonAction;
  reason: string | null;
  accept: number | null;
  breakGlass: boolean;
  /** confirm: the flag or the rollout, named by the person. */
  confirm?: string;
  /** abandon: have the flag lowered. Absent: no. */
  lower?: boolean;
  /** rollback: stage by stage, or all at once. Absent: as the plan says. */
  progressive?: boolean;
  /** rollback: seconds from one step to the next. Absent: as the plan says. */
  every?: number;
  /** exclude, include: who, as exposures name them (`employees`, `tenant=acme`), or a tenant by its own name. */
  who?: { segment: string } | { tenant: string };
  /** Absent: it holds whatever there is now. */
  seen?: Seen;
}

export interface AmendEvent extends Person {
  kind: 'amend';
  plan: Plan;
  /** The plan as the person wrote it. */
  text: string;
  reason: string | null;
  seen?: Seen;
}

/** What others serve now, as somebody told it; `by`: who told it. */
export interface ToldEvent extends Person {
  kind: 'told';
  /** Grows with each change. */
  sequence: number;
  exposure: Exposure;
  /** Who moved the flag; null: not known. */
  mover: string | null;
  /** When it was moved (ms since 1970); null: now. */
  at: number | null;
}

/** A rehearsal begins, or is broken off. The flag is broken by whoever sends it, and ends that by itself after `within` seconds. */
export interface DrillEvent extends Person {
  kind: 'drill';
  id: string;
  reason: string | null;
  begins: { breakage: Breakage; within: number } | null;
}

/** Somebody has done a step that was left behind the point of no return. */
export interface StepEvent extends Person {
  kind: 'step-done';
  step: string;
  reason: string | null;
}

export type WriteRefusal = 'stale-epoch' | 'latched' | 'drift' | 'not-owner' | 'owned';

export type RolloutEvent =
  /** `notes`: what was found when the plan was submitted, one sentence each. */
  | { kind: 'begin'; notes?: readonly string[] }
  | { kind: 'tick' }
  | { kind: 'claimed'; id: number; revision: number; epoch: number; exposure: Exposure }
  | { kind: 'written'; id: number; before: number | null; after: number | null; epoch: number | null }
  | {
      kind: 'write-refused';
      id: number;
      why: WriteRefusal;
      revision: number;
      exposure: Exposure;
      owner: string | null;
      latchedBy: string | null;
      /** Why it was killed; absent or null: not known. */
      latchReason?: string | null;
      /** As of a `FlagSight`. */
      lapsedAt?: number;
      /** Who made the present revision; absent: not known. */
      by?: string;
    }
  | { kind: 'write-failed'; id: number; detail: string }
  | { kind: 'gate'; gate: number; report: GateReport }
  /** A flag that somebody else moves serves something else; of a plan that only watches. */
  | { kind: 'seen'; look: number; sight: FlagSight }
  | ToldEvent
  | PersonEvent
  | AmendEvent
  | DrillEvent
  | StepEvent
  | { kind: 'killed'; by: string; reason: string }
  | {
      kind: 'alert';
      name: string;
      scope: AlertScope;
      status: 'firing' | 'resolved';
      detail: string;
      /** Who tells it. */
      from?: string;
    }
  | { kind: 'explained'; of: number; explanation: Explanation; queries: string[] }
  | { kind: 'unexplained'; of: number; detail: string }
  | { kind: 'verified'; outcome: 'back' | 'not-back' | 'superseded'; detail: string; queries: string[] }
  | {
      kind: 'peers';
      older: string[];
      /** Those of them whose cohorts cannot be told from this one's; absent: it was not asked. */
      mixed?: string[];
    }
  /** Where the rollouts are that the plan requires something of. */
  | { kind: 'required'; follow: number; sights: RequiredSight[] }
  | { kind: 'checked'; run: number; answers: CheckAnswer[] }
  /** Nobody has asked them: the worker is gone, or has given up. */
  | { kind: 'unchecked'; run: number; detail: string };
