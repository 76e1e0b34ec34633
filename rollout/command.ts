import type { Inquiry } from '../analysis/inquiry.ts';
import type { Restart } from '../plans/assessment.ts';
import type { Check } from '../plans/check.ts';
import type { Exclusion } from '../plans/exclusion.ts';
import type { Exposure } from '../plans/exposure.ts';
import type { Cause, JournalEntry, Notification, Transition } from '../plans/journal.ts';
import type { StageLease } from '../plans/lease.ts';
import type { Plan } from '../plans/plan.ts';
import type { RequiredSight } from '../plans/requires.ts';
import type { RolloutView } from '../plans/view.ts';
import type { GateMemory } from './event.ts';

export interface FlagShapeRequest {
  variants: Record<string, unknown>;
  baseline: string;
  canary: string;
  stickiness: string;
  /** Where a kill ends that knows no plan; absent: nobody is exposed. */
  safe?: 'frozen' | Exposure;
}

export interface ClaimRequest {
  id: number;
  rolloutId: string;
  environment: string;
  key: string;
  provider: string;
  shape: FlagShapeRequest;
}

export interface WriteRequest {
  id: number;
  rolloutId: string;
  environment: string;
  key: string;
  provider: string;
  epoch: number;
  exposure: Exposure;
  /** Absent: it holds until it is changed. */
  lease?: StageLease;
  direction: 'raise' | 'lower';
  /** The rollout ends with it: no raise that is still on its way lands afterwards. */
  final?: true;
  expectedRevision: number | null;
  author: string;
  reason: string;
  /** Its name, for whoever follows the write; null: none has begun. */
  stage: string | null;
}

/** The flag as the rollout last set it; `offline`: own writes whose revisions it cannot know yet. */
export interface ExpectedFlag {
  revision: number | null;
  exposure: Exposure;
  epoch: number;
  offline?: number;
  /** Set for a flag that others move: it has moved when it serves something else, whatever its revision. */
  watched?: true;
}

/** All that a gate needs to watch one stage, on any worker. Times in milliseconds since 1970. */
export interface GateRequest {
  id: number;
  rolloutId: string;
  plan: Plan;
  stage: number;
  origin: number;
  stageSince: number;
  memory: GateMemory | null;
  acceptances: Record<string, number>;
  /** Report again only when this changes. */
  key: string;
  expected: ExpectedFlag;
  safe: Exposure;
  /** Decommission: what has begun the clean days anew; absent: nothing has. */
  restarted?: Restart;
  /** What the gate renews while all is well; absent: the stage has none. */
  lease?: StageLease;
  /** Who is off the canary already, as the plan bears only so many; absent: nobody. */
  excluded?: Exclusion[];
}

/** Asks to be told once a flag that others move serves something else than `served`. Poll in seconds. */
export interface LookRequest extends ClaimRequest {
  poll: number;
  served: Exposure;
}

/** Asks where a metric moved. `of` is the journal line that it is to explain; `origin` as of a gate. */
export interface ExplainRequest {
  of: number;
  rolloutId: string;
  plan: Plan;
  origin: number;
  inquiry: Inquiry;
}

/** Asks the checks before a stage. `run` numbers the question: an answer to an older one is none. */
export interface ChecksRequest {
  run: number;
  rolloutId: string;
  flag: string;
  environment: string;
  /** The stage that they open. */
  stage: string;
  checks: Check[];
  /** Before the first stage: the plan, where it asks for something. */
  before?: Plan;
}

/** Asks to be told once the other rollouts are elsewhere than `known`; null: where they are now. */
export interface FollowRequest {
  id: number;
  rolloutId: string;
  wanted: Pick<RequiredSight, 'rollout' | 'environment'>[];
  known: RequiredSight[] | null;
  /** Nothing of the plan acts on it. */
  watching?: true;
}

export interface RecordRequest {
  entries: JournalEntry[];
  notifications: Notification[];
  view: RolloutView;
}

/** A plan as it came into force, for whoever reads the rollout's story. */
export interface AmendedPlan {
  rolloutId: string;
  revision: number;
  plan: Plan;
  text: string;
  by: string;
  /** Who let it pass; null: nobody had to. */
  approvedBy: string | null;
  reason: string | null;
  at: number;
  /** In force for windows that end later, in seconds since the rollout began; null: for all. */
  after: number | null;
}

/** A line behind the journal of a rollout that is over; it gets the next number there. */
export interface Afterword {
  rolloutId: string;
  at: number;
  transition: Transition;
  cause: Cause;
  summary: string;
}

/** What the world must do next. Nothing here has happened yet. */
export type Command =
  | { kind: 'claim'; request: ClaimRequest }
  | { kind: 'write'; request: WriteRequest }
  | { kind: 'release'; rolloutId: string; environment: string; key: string; provider: string }
  | { kind: 'watch'; request: GateRequest }
  /** In place of a gate, while nobody has the canary. */
  | { kind: 'look'; request: LookRequest }
  | { kind: 'unwatch' }
  | { kind: 'explain'; request: ExplainRequest }
  /** `beside`: nothing waits for the answer but what people read. */
  | { kind: 'peers'; service: string; rolloutId: string; beside?: true; apart?: true }
  | { kind: 'follow'; request: FollowRequest }
  | { kind: 'unfollow' }
  | { kind: 'check'; request: ChecksRequest }
  | { kind: 'save-plan'; revision: AmendedPlan }
  | { kind: 'afterword'; request: Afterword }
  | { kind: 'record'; request: RecordRequest };
