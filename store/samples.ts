import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { Queries } from './connection.ts';
import { isForeignKeyViolation } from './connection-errors.ts';
import { samples } from './schema.ts';
import type { SampleRow } from './store.ts';

/** PostgreSQL takes 65,535 parameters in a statement. */
const ROWS_AT_ONCE = 1000;

/** Stores polls; a window that was read again replaces what stood there. `ROLLOUT_UNKNOWN` for a foreign rollout. */
export async function saveSamples(queries: Queries, rows: SampleRow[]): Promise<void> {
  // One statement must not meet the same row twice: the last one counts.
  const unique = [...new Map(rows.map((row) => [JSON.stringify([row.rolloutId, row.t]), row])).values()];
  try {
    for (let from = 0; from < unique.length; from += ROWS_AT_ONCE) {
      await queries
        .insert(samples)
        .values(unique.slice(from, from + ROWS_AT_ONCE))
        .onConflictDoUpdate({ target: [samples.rolloutId, samples.t], set: replaced });
    }
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    throw new Failure(
      'ROLLOUT_UNKNOWN',
      `There is no rollout ${rows[0]?.rolloutId ?? ''} to keep samples of.`,
    );
  }
}

const replaced = {
  stage: sql`excluded.stage`,
  at: sql`excluded.at`,
  sample: sql`excluded.sample`,
  assessment: sql`excluded.assessment`,
};

/** In the order of `t`, history first; with `after` only later windows. */
export function samplesOf(queries: Queries, rolloutId: string, after?: number): Promise<SampleRow[]> {
  const later = after === undefined ? undefined : gt(samples.t, after);
  return queries
    .select()
    .from(samples)
    .where(and(eq(samples.rolloutId, rolloutId), later))
    .orderBy(asc(samples.t));
}

/** The latest poll of a gate; what was read of the time before the rollout is none. */
export async function latestSample(queries: Queries, rolloutId: string): Promise<SampleRow | null> {
  const [row] = await queries
    .select()
    .from(samples)
    .where(and(eq(samples.rolloutId, rolloutId), gt(samples.t, 0)))
    .orderBy(desc(samples.t))
    .limit(1);
  return row ?? null;
}
