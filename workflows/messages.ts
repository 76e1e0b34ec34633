import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Origin } from '../plans/origin.ts';
import type { Plan } from '../plans/plan.ts';
import type { RolloutView } from '../plans/view.ts';
import type { RecordRequest } from '../rollout/command.ts';
import type {
  AlertScope,
  AmendEvent,
  DrillEvent,
  GateMemory,
  GateReport,
  Person,
  PersonEvent,
  StepEvent,
  ToldEvent,
} from '../rollout/event.ts';
import type { RolloutState } from '../rollout/state.ts';

/** The workflow's type name and the id that makes a second rollout of the same flag impossible. */
export const WORKFLOW = 'rollout';

export function workflowId(environment: string, flag: string): string {
  return `rollout:${environment}:${flag}`;
}

export interface RolloutStart {
  kind: 'start';
  id: string;
  plan: Plan;
  submittedBy: Person;
  /** Absent: it goes on after none. */
  origin?: Origin;
  /** The evidence that it goes on with; absent: none. */
  carried?: GateMemory['evidence'];
  /** What was found at the submit, for the journal; absent: nothing. */
  notes?: readonly string[];
  /** History events after which the workflow goes on in a new run. */
  historyLimit: number;
}

/** What one run hands to the next: the state, and what it had not recorded yet. */
export interface RolloutContinued {
  kind: 'continued';
  state: RolloutState;
  unrecorded: RecordRequest[];
  historyLimit: number;
}

export type RolloutInput = RolloutStart | RolloutContinued;

export interface ActReply {
  summary: string;
  view: RolloutView;
}

export interface AmendReply extends ActReply {
  changes: string[];
}

/** As it was told: where segments are not, the plan says which. */
export interface ToldShare {
  percent: number;
  segments: string[] | null;
}

/** Every message names its rollout, since the next rollout of a flag has the same workflow id. */
export interface Addressed<T> {
  rolloutId: string;
  message: T;
}

export const actUpdate = defineUpdate<ActReply, [Addressed<Omit<PersonEvent, 'kind'>>]>('act');
export const toldUpdate = defineUpdate<
  ActReply,
  [Addressed<Omit<ToldEvent, 'kind' | 'exposure'> & ToldShare>]
>('told');
export const drillUpdate = defineUpdate<ActReply, [Addressed<Omit<DrillEvent, 'kind'>>]>('drill');
export const stepUpdate = defineUpdate<ActReply, [Addressed<Omit<StepEvent, 'kind'>>]>('step-done');
export const amendUpdate = defineUpdate<AmendReply, [Addressed<Omit<AmendEvent, 'kind'>>]>('amend');
export const killedSignal = defineSignal<[Addressed<{ by: string; reason: string }>]>('killed');
export const alertSignal =
  defineSignal<
    [
      Addressed<{
        name: string;
        scope: AlertScope;
        status: 'firing' | 'resolved';
        detail: string;
        from?: string;
      }>,
    ]
  >('alert');
export const gateSignal = defineSignal<[Addressed<{ gate: number; report: GateReport }>]>('gate');
export const viewQuery = defineQuery<RolloutView>('view');
