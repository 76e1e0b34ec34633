import { and, asc, desc, eq, getTableColumns, gt, lte, sql } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { Queries } from './connection.ts';
import { isForeignKeyViolation } from './connection-errors.ts';
import { samples } from './schema.ts';
import type { SampleMark, SampleRow, VersionedSample } from './store.ts';

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

/** The version of a row in the table: it grows whenever the row is written again. */
const version = sql<number>`${samples}.xmin::text::bigint`.mapWith(Number);

/** The next `limit` samples after `after`, in the order of `t`; null: from the first, history included. */
export function samplePage(
  queries: Queries,
  rolloutId: string,
  { after, limit }: { after: number | null; limit: number },
): Promise<VersionedSample[]> {
  return queries
    .select({ ...getTableColumns(samples), version })
    .from(samples)
    .where(and(eq(samples.rolloutId, rolloutId), after === null ? undefined : gt(samples.t, after)))
    .orderBy(asc(samples.t))
    .limit(limit);
}

/** What is stored up to `until`, without reading it: another mark means that something was written again, added or removed. */
export async function sampleMark(queries: Queries, rolloutId: string, until: number): Promise<SampleMark> {
  const [found] = await queries
    .select({
      rows: sql<number>`count(*)`.mapWith(Number),
      versions: sql<number>`coalesce(sum(${version}), 0)`.mapWith(Number),
    })
    .from(samples)
    .where(and(eq(samples.rolloutId, rolloutId), lte(samples.t, until)));
  return found ?? { rows: 0, versions: 0 };
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
