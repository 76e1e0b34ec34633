import { isDeepStrictEqual } from 'node:util';
import { eq } from 'drizzle-orm';
import type { JournalEntry } from '../plans/journal.ts';
import type { RolloutView } from '../plans/view.ts';
import { announceStep } from './changes.ts';
import { storableJson } from './columns.ts';
import type { Queries } from './connection.ts';
import { journal, rollouts } from './schema.ts';
import type { Afterword, Record } from './store.ts';

/**
 * Adds the line under the next number, and gives it with the view that follows; the same line again changes nothing (null). Within
 * the caller's transaction.
 */
export async function addAfterword(
  queries: Queries,
  line: Afterword,
): Promise<{ entry: JournalEntry; view: RolloutView } | null> {
  const { rolloutId, at, transition, cause, summary } = line;
  const [row] = await queries
    .select({ view: rollouts.view })
    .from(rollouts)
    .where(eq(rollouts.id, rolloutId))
    .for('update');
  const view = row?.view ?? null;
  if (view === null) return null;
  const lines = await linesOf(queries, rolloutId);
  if (lines.some((one) => one.at === at && one.transition === transition && one.summary === summary))
    return null;
  const seq = (lines.at(-1)?.seq ?? 0) + 1;
  const entry: JournalEntry = {
    rolloutId,
    seq,
    at,
    transition,
    stage: view.stage,
    cause,
    summary,
    exposure: view.exposure,
    flagBefore: null,
    flagAfter: null,
    evidence: null,
    queries: [],
  };
  await queries.insert(journal).values({ rolloutId, seq, at, transition, entry });
  const next: RolloutView = { ...view, seq };
  await queries.update(rollouts).set({ view: next, viewSeq: seq }).where(eq(rollouts.id, rolloutId));
  await announceStep(queries, rolloutId, [seq]);
  return { entry, view: next };
}

/**
 * What comes behind the end of a rollout (why it was stopped, where its traffic is, which one came after) comes from several
 * sides, and each counts for itself: a line whose number another one has taken gets the next free one.
 */
export async function renumbered(queries: Queries, record: Record): Promise<Record> {
  const known = await linesOf(queries, record.view.id);
  const last = known.at(-1)?.seq ?? 0;
  const [first] = record.entries;
  if (first === undefined || !known.some(({ seq }) => seq === first.seq)) return record;
  const asStored = (line: JournalEntry) => JSON.parse(storableJson({ ...line, seq: 0 })) as unknown;
  const twin = known.find((line) => isDeepStrictEqual(asStored(line), asStored(first)));
  const offset = (twin?.seq ?? last + 1) - first.seq;
  const move = <T extends { seq: number }>(line: T): T => ({ ...line, seq: line.seq + offset });
  return {
    entries: record.entries.map(move),
    notifications: record.notifications.map(move),
    view: { ...record.view, seq: record.view.seq + offset },
  };
}

async function linesOf(queries: Queries, rolloutId: string): Promise<JournalEntry[]> {
  const rows = await queries
    .select({ entry: journal.entry })
    .from(journal)
    .where(eq(journal.rolloutId, rolloutId))
    .orderBy(journal.seq);
  return rows.map(({ entry }) => entry);
}
