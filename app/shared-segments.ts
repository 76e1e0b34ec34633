import { within } from '../flags/deadline.ts';
import { loadSegments } from '../flags/segment-file.ts';
import { openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import type { Config } from './config.ts';

const PATIENCE_MS = 2_000;

/**
 * The segments that flags share, for commands without a server: as PostgreSQL has them, or as they were last served from
 * this data folder where it does not answer.
 */
export async function sharedSegments(config: Config): Promise<string[]> {
  const database = openDatabase(config.database.url, { max: 1, statementTimeoutMs: PATIENCE_MS });
  try {
    const shared = await within(PATIENCE_MS, createFlagStore(database).segments()).catch(() =>
      loadSegments(config.data),
    );
    return shared.map(({ name }) => name);
  } finally {
    await database.close();
  }
}
