import type { Evidence } from '../analysis/evidence.ts';
import type { Breakage } from '../plans/drill.ts';
import type { Origin } from '../plans/origin.ts';

import type { Plan } from '../plans/plan.ts';
import type { RolloutView } from '../plans/view.ts';
import type { PersonEvent } from '../rollout/event.ts';
import type { Action, ActionRequest, AlertRequest } from './api.ts';
import type { Actor } from './auth/principal.ts';

/** What a person decides. */
export type Decision = Actor &
  Pick<ActionRequest, 'reason' | 'accept' | 'breakGlass'> &
  Partial<Pick<ActionRequest, 'lower' | 'confirm' | 'progressive' | 'every'>> &
  Pick<PersonEvent, 'who'> &
  Once;

/** `seen`: what the person decided on; refused once something was decided since. `requestId`: the same one twice is carried out once. */
export interface Once {
  seen?: { seq?: number; gate?: string };
  requestId?: string;
}

/** What others serve: `segments` null: those of the plan at that share. `at` in ms since 1970; null: now. */
export interface Told {
  percent: number;
  segments: string[] | null;
  sequence: number;
  mover: string | null;
  at: number | null;
}

/** What somebody outside tells a rollout. */
export type OutsideAlert = Pick<AlertRequest, 'name' | 'status' | 'detail'> & {
  scope: AlertRequest['scope'] | 'bug' | 'minor-bug';
  /** Who tells it: the name of a token or of a webhook. */
  from?: string;
};
/** `within` in seconds; the flag itself is broken and mended by whoever orders it. */
export interface DrillOrder {
  id: string;
  reason: string | null;
  begins: { breakage: Breakage; within: number } | null;
}

/**
 * The durable side of a rollout as the server sees it; Temporal in production. `id` is always the rollout's.
 * A refusal is a `Failure` with the code that the reducer gave; no answer is `TEMPORAL_UNREACHABLE`.
 */
export interface RolloutEngine {
  /** Starts the workflow; `ROLLOUT_ACTIVE` when the flag has one already. */
  start(row: {
    id: string;
    plan: Plan;
    submittedBy: Actor;
    origin?: Origin;
    /** The evidence that it goes on with of an earlier rollout of its build. */
    carried?: Evidence;
    /** What was found at the submit, for the journal. */
    notes?: readonly string[];
  }): Promise<void>;
  act(
    id: string,
    action: Action | 'supersede',
    request: Decision,
  ): Promise<{ summary: string; view: RolloutView }>;
  amend(
    id: string,
    request: { plan: Plan; text: string; actor: Actor; reason: string | null } & Once,
  ): Promise<{ changes: string[]; view: RolloutView }>;
  /** What the workflow itself knows now, which may be ahead of what is stored. */
  view(id: string): Promise<RolloutView>;
  /** Takes in what others serve; `TOLD_STALE` when something newer was told before. */
  tell(id: string, told: Told & { actor: Actor }): Promise<{ summary: string; view: RolloutView }>;
  /** Begins a drill, or with `begins` null breaks it off; `DRILL_REFUSED` where there is nothing to rehearse. */
  drill(id: string, drill: DrillOrder & { actor: Actor }): Promise<{ summary: string; view: RolloutView }>;
  /** Marks a step behind the point of no return as done; `STEP_UNKNOWN`, or `NOT_WAITING` when it is done already. */
  stepDone(
    id: string,
    done: { step: string; reason: string | null; actor: Actor } & Pick<Once, 'requestId'>,
  ): Promise<{ summary: string; view: RolloutView }>;
  /** Tells the workflow of a kill that has already been written to the flag. `at` in ms since 1970. */
  killed(id: string, info: { by: string; reason: string; at: number }): Promise<void>;
  alert(id: string, alert: OutsideAlert): Promise<void>;
  ping(): Promise<void>;
}
