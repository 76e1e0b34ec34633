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
  /** Whoever lowers a flag, any number at once: who holds many rows gives way to them. */
  lowering: 7_469_646_571,
} as const;

export const MIGRATION_LOCK = LOCKS.migration;

/** Waits until no other transaction does the same, and holds them off until this one ends. */
export async function oneAtATime(
  queries: Queries,
  what: Exclude<keyof typeof LOCKS, 'migration' | 'lowering'>,
): Promise<void> {
  await queries.execute(sql`select pg_advisory_xact_lock(${LOCKS[what]})`);
}

/** Says that this transaction lowers a flag, for which nobody may make it wait. Waits for nobody itself. */
export async function inHaste(queries: Queries): Promise<void> {
  await queries.execute(sql`select pg_advisory_xact_lock_shared(${LOCKS.lowering})`);
}

/** Whether another transaction is lowering a flag now. */
export async function isHurried(queries: Queries): Promise<boolean> {
  const { rows } = await queries.execute(
    sql`select 1 from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid() and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())
      and classid::bigint = ${LOCKS.lowering}::bigint >> 32 and objid::bigint = ${LOCKS.lowering}::bigint & 4294967295 limit 1`,
  );
  return rows.length > 0;
}
