import { asc, eq, sql } from 'drizzle-orm';
import type { SharedSegment } from '../plans/flag/segment.ts';
import type { Queries } from './connection.ts';
import { segments } from './schema.ts';

type Row = typeof segments.$inferSelect;

export async function listSegments(queries: Queries): Promise<SharedSegment[]> {
  return (await queries.select().from(segments).orderBy(asc(segments.name))).map(sharedSegment);
}

export async function findSegment(queries: Queries, name: string): Promise<Row | null> {
  const [row] = await queries.select().from(segments).where(eq(segments.name, name)).for('update');
  return row ?? null;
}

export function sharedSegment({ spec, joined, left }: Row): SharedSegment {
  return { ...spec, joined, left };
}

/** Two changes of definitions at once could together make what neither makes alone, such as a circle. */
export async function oneEditAtATime(queries: Queries): Promise<void> {
  await queries.execute(sql`select pg_advisory_xact_lock(7469646568)`);
}
