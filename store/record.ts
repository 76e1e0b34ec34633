import { isDeepStrictEqual } from 'node:util';
import { and, eq, inArray, lte, sql } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { JournalEntry } from '../plans/journal.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { renumbered } from './afterword.ts';
import { announceStep } from './changes.ts';
import { storableJson } from './columns.ts';
import type { Queries } from './connection.ts';
import { markDecommissioned } from './decommission.ts';
import { recordDrill } from './drills.ts';
import { openIncident } from './incidents.ts';
import { journal, outbox, rollouts } from './schema.ts';
import type { Record } from './store.ts';

/**
 * Stores one step: journal entries, messages and the view. The caller's transaction makes it all or nothing.
 * The same step again changes nothing; an older one does not take the view back.
 */
export async function recordStep(queries: Queries, record: Record): Promise<void> {
  const [rollout] = await queries
    .select({ plan: rollouts.plan, endedAt: rollouts.endedAt })
    .from(rollouts)
    .where(eq(rollouts.id, record.view.id))
    .for('update');
  if (rollout === undefined) throw new Failure('ROLLOUT_UNKNOWN', `There is no rollout ${record.view.id}.`);
  const { entries, notifications, view } =
    rollout.endedAt === null ? record : await renumbered(queries, record);
  for (const { rolloutId } of [...entries, ...notifications]) {
    if (rolloutId !== view.id)
      throw new Failure('INTERNAL', `A step of ${view.id} carries an entry of ${rolloutId}.`);
  }
  const fresh = await storeEntries(queries, view.id, entries);
  if (notifications.length > 0) {
    const rows = notifications.map((notification) => {
      const { rolloutId, seq, channel } = notification;
      return { rolloutId, seq, channel, notification };
    });
    await queries.insert(outbox).values(rows).onConflictDoNothing();
  }
  await storeView(queries, view);
  await recordDrill(queries, view);
  await openIncident(queries, { entries, view, plan: rollout.plan });
  if (view.phase === 'completed' && rollout.endedAt === null)
    await markDecommissioned(queries, view, rollout.plan);
  await announceStep(queries, view.id, fresh);
}

/** Gives the numbers of the entries that were not there yet. */
async function storeEntries(queries: Queries, rolloutId: string, entries: JournalEntry[]): Promise<number[]> {
  if (entries.length === 0) return [];
  const rows = entries.map((entry) => ({
    rolloutId,
    seq: entry.seq,
    at: entry.at,
    transition: entry.transition,
    entry,
  }));
  const fresh = await queries
    .insert(journal)
    .values(rows)
    .onConflictDoNothing()
    .returning({ seq: journal.seq });
  const present = entries.filter((entry) => !fresh.some(({ seq }) => seq === entry.seq));
  // A repeated entry inside one step is compared as well: it lost against its twin.
  const seqs = fresh.map(({ seq }) => seq);
  if (present.length === 0 && fresh.length === entries.length) return seqs;
  const numbers = entries.map((entry) => entry.seq);
  const stored = await queries
    .select({ seq: journal.seq, entry: journal.entry })
    .from(journal)
    .where(and(eq(journal.rolloutId, rolloutId), inArray(journal.seq, numbers)));
  for (const entry of entries) {
    const kept = stored.find(({ seq }) => seq === entry.seq);
    if (isDeepStrictEqual(kept?.entry, JSON.parse(storableJson(entry)))) continue;
    throw new Failure(
      'INTERNAL',
      `Journal entry ${entry.seq} of ${rolloutId} stands there with other content.`,
      {
        details: [`stored: ${kept?.entry.summary ?? 'nothing'}`, `new: ${entry.summary}`],
      },
    );
  }
  return seqs;
}

async function storeView(queries: Queries, view: RolloutView): Promise<void> {
  const endedAt = ENDED.includes(view.phase) ? (view.endedAt ?? sql`coalesce(ended_at, now())`) : null;
  await queries
    .update(rollouts)
    .set({ view, viewSeq: view.seq, phase: view.phase, endedAt })
    .where(and(eq(rollouts.id, view.id), lte(rollouts.viewSeq, view.seq)));
}
