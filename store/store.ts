import type { JournalEntry, Notification, Transition } from '../plans/journal.ts';
import type { Phase, RolloutView } from '../plans/view.ts';

/** A rollout as it was handed in. `plan` is the parsed plan, `text` what the person wrote. */
export interface NewRollout {
  name: string;
  flag: string;
  environment: string;
  service: string | null;
  text: string;
  plan: unknown;
  submittedBy: string;
  /** The evidence that it goes on with of an earlier rollout of its build; absent: none. */
  carried?: unknown;
}

export interface RolloutRow {
  id: string;
  name: string;
  flag: string;
  environment: string;
  service: string | null;
  text: string;
  plan: unknown;
  phase: Phase;
  submittedBy: string;
  submittedAt: number;
  endedAt: number | null;
  /** Null until the workflow has recorded its first step. */
  view: RolloutView | null;
}

/** What the workflow hands over after a step, all or nothing. Repeating it changes nothing. */
export interface Record {
  entries: JournalEntry[];
  notifications: Notification[];
  view: RolloutView;
}

/** A line that comes from outside behind the journal of a rollout that is over. */
export interface Afterword {
  rolloutId: string;
  at: number;
  transition: Transition;
  cause: JournalEntry['cause'];
  summary: string;
}

/** One plan of a rollout. Revision 1 is what was submitted. */
export interface PlanRevision {
  rolloutId: string;
  revision: number;
  text: string;
  plan: unknown;
  by: string;
  /** Who let a plan that loosens pass; null: nobody had to. */
  approvedBy: string | null;
  reason: string | null;
  /** Milliseconds since 1970. */
  at: number;
  /** In force for windows that end later, in seconds since the rollout began; null: for all. */
  after: number | null;
}

/** One poll of a gate: the sample (or why there is none) and the gate's opinion after it. Both plain JSON. */
export interface SampleRow {
  rolloutId: string;
  stage: string;
  /** End of the window in seconds since the rollout began. */
  t: number;
  at: number;
  sample: unknown;
  assessment: unknown;
}

export interface RolloutFilter {
  environment?: string;
  flag?: string;
  service?: string;
  /** Of the plan. */
  name?: string;
  phases?: readonly Phase[];
  /** Submitted earlier than that, in ms since 1970. */
  before?: number;
  limit?: number;
}

/** A sample with the version of its row, which is another one once the row is written again. */
export interface VersionedSample extends SampleRow {
  version: number;
}

/** Of some samples: how many they are, and the sum of their versions. */
export interface SampleMark {
  rows: number;
  versions: number;
}

/** What is looked at of the rollouts that others wait for. */
export type Standing = Pick<RolloutStore, 'list' | 'proposals'>;

/** Throws what a rollout is refused with. */
export type Admission = (others: Standing) => Promise<void>;

/** A plan that was asked for in an amendment of an active rollout. */
export interface Proposal {
  rolloutId: string;
  plan: unknown;
  /** Asked for within the last minute: whether it was taken is not stored yet. */
  fresh: boolean;
}

/** Rollouts, their journal and their samples in PostgreSQL. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface RolloutStore {
  /**
   * Gives the id (`<name>-<n>`); refuses a second active rollout of the flag with `ROLLOUT_ACTIVE`. `admit` may refuse it by those
   * that stand there, before any other can come to stand among them.
   */
  create(rollout: NewRollout, admit?: Admission): Promise<RolloutRow>;
  /** Takes back a rollout whose workflow could not be started. */
  discard(id: string): Promise<void>;
  get(id: string): Promise<RolloutRow | null>;
  list(filter: RolloutFilter): Promise<RolloutRow[]>;
  record(record: Record): Promise<void>;
  /** Adds a line behind the journal of a rollout that is over, once. */
  afterword(line: Afterword): Promise<void>;
  journal(id: string): Promise<JournalEntry[]>;
  /** The next lines after the one with the number `after`; 0: from the first. */
  journalPage(id: string, page: { after: number; limit: number }): Promise<JournalEntry[]>;
  saveSamples(rows: SampleRow[]): Promise<void>;
  /** The next samples after `after`, history first; null: from the first. */
  samplePage(id: string, page: { after: number | null; limit: number }): Promise<VersionedSample[]>;
  /** Changes when a sample up to `until` is written again, added or removed. */
  sampleMark(id: string, until: number): Promise<SampleMark>;
  latestSample(id: string): Promise<SampleRow | null>;
  /** The evidence that a rollout went on with of an earlier one of its build, as JSON; null: it began without any. */
  carried(id: string): Promise<unknown>;
  /**
   * Says that a rollout is about to get another plan, before anybody is asked to take it; `admit` as of `create`.
   * @returns what `withdraw` takes
   */
  propose(id: string, plan: unknown, admit?: Admission): Promise<string>;
  /** The plan was refused. */
  withdraw(proposal: string): Promise<void>;
  /** Of active rollouts, the last of each. */
  proposals(): Promise<Proposal[]>;
  /** Keeps the plan of an accepted amendment, which is the rollout's from then on. */
  amend(revision: PlanRevision): Promise<void>;
  /** Every plan of a rollout, the oldest first; none where it was submitted before they were kept and never amended since. */
  planRevisions(id: string): Promise<PlanRevision[]>;
}

export interface OutboxRow {
  id: number;
  notification: Notification;
  attempts: number;
  /** True once any sender took it before: it may have arrived. */
  repeated: boolean;
}

/** What a channel keeps of a rollout between its messages, such as the thread that they go to. */
export interface ChannelMemory {
  recall(place: MemoryPlace): Promise<string | null>;
  keep(place: MemoryPlace, value: string): Promise<void>;
  forget(place: MemoryPlace): Promise<void>;
  /** What all rollouts keep under this key, on whatever channel. */
  everywhere(key: string): Promise<(MemoryPlace & { value: string })[]>;
}

export interface MemoryPlace {
  rolloutId: string;
  channel: string;
  key: string;
}

/** Which messages a sender takes: those of one channel, or those of no channel in a list. */
export type OutboxFilter = { channel: string } | { except: readonly string[] };

/** Messages that wait to be sent. At least once, per rollout and channel in order. */
export interface Outbox {
  /**
   * Takes up to `limit` due messages for this sender and hides them from others for `leaseMs`. A message waits
   * while an earlier one of its rollout and channel is unsent, unless that one is stuck.
   */
  take(limit: number, leaseMs: number, filter?: OutboxFilter): Promise<OutboxRow[]>;
  sent(id: number): Promise<void>;
  /** Counts the attempt; the next one is due after `retryInMs`. */
  failed(id: number, error: string, retryInMs: number): Promise<void>;
  /**
   * Marks a message that its channel has refused too often. It is still tried, but no longer holds back later ones,
   * and a copy with `undelivered` set goes to `reportTo`. Only the first call does this; true for that one.
   */
  stuck(id: number, reportTo: string | null): Promise<boolean>;
  /** Messages of a rollout with their state, for `status`. */
  of(rolloutId: string): Promise<
    {
      notification: Notification;
      state: 'waiting' | 'sent';
      /** Milliseconds since 1970; null: it waits. */
      sentAt: number | null;
      attempts: number;
      error: string | null;
    }[]
  >;
}
