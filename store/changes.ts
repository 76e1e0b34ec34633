import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import type { JournalEntry } from '../plans/journal.ts';
import type { RolloutView } from '../plans/view.ts';
import type { Database, Queries } from './connection.ts';
import { oneAtATime } from './locks.ts';
import { changes, journal, rollouts } from './schema.ts';

/** What becomes new of rollouts is told here: `step <id>` or `sample <id>`. */
export const ROLLOUTS_CHANNEL = 'tidegate_rollouts';

/** A journal line with its place among those of all rollouts. `view`: the rollout as it is now. */
export interface Change {
  id: number;
  entry: JournalEntry;
  view: RolloutView;
}

/** Journal lines of all rollouts in the order in which they became visible. Errors: `POSTGRES_UNREACHABLE`. */
export interface ChangeStore {
  /** The number of the last one; 0: there is none. */
  head(): Promise<number>;
  after(id: number, limit: number): Promise<Change[]>;
  /** Lines of one rollout after `seq`, in order. */
  ofRollout(rolloutId: string, seq: number, limit: number): Promise<JournalEntry[]>;
  /** The last lines of one rollout, in order. */
  lastOf(rolloutId: string, limit: number): Promise<JournalEntry[]>;
}

export function createChanges(database: Database): ChangeStore {
  return {
    head: () =>
      database.run(async (queries) => {
        const [row] = await queries
          .select({ id: changes.id })
          .from(changes)
          .orderBy(desc(changes.id))
          .limit(1);
        return row?.id ?? 0;
      }),
    after: (id, limit) =>
      database.run(async (queries) => {
        const rows = await queries
          .select({ id: changes.id, entry: journal.entry, view: rollouts.view })
          .from(changes)
          .innerJoin(journal, and(eq(journal.rolloutId, changes.rolloutId), eq(journal.seq, changes.seq)))
          .innerJoin(rollouts, eq(rollouts.id, changes.rolloutId))
          .where(gt(changes.id, id))
          .orderBy(asc(changes.id))
          .limit(limit);
        // A step writes its lines and its view at once.
        return rows.flatMap(({ view, ...row }) => (view === null ? [] : [{ ...row, view }]));
      }),
    ofRollout: (rolloutId, seq, limit) =>
      database.run(async (queries) => {
        const rows = await queries
          .select({ entry: journal.entry })
          .from(journal)
          .where(and(eq(journal.rolloutId, rolloutId), gt(journal.seq, seq)))
          .orderBy(asc(journal.seq))
          .limit(limit);
        return rows.map(({ entry }) => entry);
      }),
    lastOf: (rolloutId, limit) =>
      database.run(async (queries) => {
        const rows = await queries
          .select({ entry: journal.entry })
          .from(journal)
          .where(eq(journal.rolloutId, rolloutId))
          .orderBy(desc(journal.seq))
          .limit(limit);
        return rows.map(({ entry }) => entry).reverse();
      }),
  };
}

/**
 * The last act of a step's transaction: whoever numbers lines holds a lock until they are visible, so that no reader sees a
 * number before a lower one. What is locked before never waits for it, so nobody waits in a circle.
 */
export async function announceStep(
  queries: Queries,
  rolloutId: string,
  seqs: readonly number[],
): Promise<void> {
  if (seqs.length > 0) {
    await oneAtATime(queries, 'changes');
    const rows = seqs.toSorted((a, b) => a - b).map((seq) => ({ rolloutId, seq }));
    await queries.insert(changes).values(rows);
  }
  await announceRollout(queries, rolloutId);
}

/** A rollout that is new, gone or has another plan, without a line in its journal. */
export async function announceRollout(queries: Queries, rolloutId: string): Promise<void> {
  await queries.execute(sql`select pg_notify(${ROLLOUTS_CHANNEL}, ${`step ${rolloutId}`})`);
}

export async function announceSamples(
  queries: Queries,
  rows: readonly { rolloutId: string }[],
): Promise<void> {
  for (const rolloutId of new Set(rows.map((row) => row.rolloutId)))
    await queries.execute(sql`select pg_notify(${ROLLOUTS_CHANNEL}, ${`sample ${rolloutId}`})`);
}
