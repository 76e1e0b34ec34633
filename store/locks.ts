import { sql } from 'drizzle-orm';
import type { Queries } from './connection.ts';

/** The advisory locks of this database, each a number that nobody else takes. */
const LOCKS = {
  /** Whoever brings the schema up to date, on a connection of its own. */
  migration: 7_469_646_567,
  /** Whoever numbers journal lines; the last lock of a transaction. */
  changes: 7_469_646_568,
  /** Whoever changes definitions of flags and segments: two at once could make a circle that neither makes alone. */
  definitions: 7_469_646_569,
  /** Whoever begins a rollout that waits for others. */
  submits: 7_469_646_570,
} as const;

export const MIGRATION_LOCK = LOCKS.migration;

/** Waits until no other transaction does the same, and holds them off until this one ends. */
export async function oneAtATime(
  queries: Queries,
  what: Exclude<keyof typeof LOCKS, 'migration'>,
): Promise<void> {
  await queries.execute(sql`select pg_advisory_xact_lock(${LOCKS[what]})`);
}
