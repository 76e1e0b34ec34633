import type { Scope } from '../plans/access.ts';
import type { JournalEntry, Transition } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import type { Phase, RolloutView } from '../plans/view.ts';
import type { RolloutRow } from './store.ts';

/** Which rollouts are meant; what is absent does not matter. */
export interface BoardFilter {
  environment?: string;
  flag?: string;
  service?: string;
  phases?: readonly Phase[];
  /** Words that all stand somewhere in id, flag, environment, service, title, owner or submitter. */
  words?: readonly string[];
  /** Only those that wait for a person. */
  asks?: boolean;
  /** Where the reader may look. */
  scopes: readonly Scope[];
}

/** A rollout in a list as it goes out: its view is JSON text, as the database has it. */
export interface BoardText {
  view: string | null;
  /** Only while there is no view yet. */
  row: BoardRow | null;
  cursor: string;
}

/** A rollout in a list. `plan` only where it was asked for, or where there is no view yet. */
export interface BoardRow extends Omit<RolloutRow, 'text' | 'plan'> {
  plan: unknown;
  /** Where a page that ends with this one goes on. */
  cursor: string;
}

export interface BoardCounts {
  total: number;
  phases: Record<Phase, number>;
  /** How many wait for a person. */
  asks: number;
}

/** What a channel has sent. Times in ms since 1970. */
export interface ChannelState {
  name: string;
  lastSent: number | null;
  /** Messages that are not sent yet. */
  waiting: number;
  /** When the oldest message was written that it did not take so far; null: it takes all. */
  failingSince: number | null;
  /** What it said last; null where it takes all. */
  error: string | null;
}

/** Lists over all rollouts, cheap however many there are. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface Board {
  /** The latest first; `after`: the cursor of the row before. @throws Failure USAGE for a cursor that is none */
  page(filter: BoardFilter, page: { limit: number; after?: string; plans?: boolean }): Promise<BoardRow[]>;
  /** As `page`, without a look into the views: reading and writing JSON is most of what a list costs. */
  texts(filter: BoardFilter, page: { limit: number; after?: string }): Promise<BoardText[]>;
  counts(filter: BoardFilter): Promise<BoardCounts>;
  /** Journal lines of some kinds, by rollout, in their order. */
  lines(ids: readonly string[], transitions: readonly Transition[]): Promise<Map<string, JournalEntry[]>>;
  /** Active rollouts whose plan has windows. */
  windows(scopes: readonly Scope[]): Promise<WindowedRow[]>;
  channels(names: readonly string[]): Promise<ChannelState[]>;
}

export interface WindowedRow {
  id: string;
  flag: string;
  environment: string;
  plan: Pick<Plan, 'windows' | 'stages'>;
  view: RolloutView | null;
}
