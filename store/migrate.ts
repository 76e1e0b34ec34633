import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { connectionSettings } from './connection.ts';
import { asFailure } from './connection-errors.ts';
import { MIGRATION_LOCK } from './locks.ts';

const LOCK_TIMEOUT_MS = 60_000;
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings the tables of the database at `url` up to this version. Several processes may start at once: one works,
 * the others wait for it. Errors: `POSTGRES_UNREACHABLE` with host and port, `INTERNAL` when a statement fails.
 */
export async function migrate(url: string): Promise<void> {
  const { where, settings } = connectionSettings(url);
  const client = new pg.Client(settings);
  // A connection that breaks also fails the statement that waits on it; unheard, the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    // Released with the session, also when this process dies.
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await applyMigrations(drizzle(client), { migrationsFolder });
  } catch (error) {
    throw asFailure(error, where);
  } finally {
    await client.end().catch(() => undefined);
  }
}
