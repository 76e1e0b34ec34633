import { asc, eq } from 'drizzle-orm';
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
