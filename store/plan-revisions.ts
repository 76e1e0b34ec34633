import { asc, eq } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import { announceRollout } from './changes.ts';
import type { Queries } from './connection.ts';
import { planRevisions, rollouts } from './schema.ts';
import type { PlanRevision } from './store.ts';

/**
 * Keeps an amended plan; the newest one is the rollout's. The same revision again changes nothing, and one that comes late,
 * even after the rollout's end, is kept in its place. `ROLLOUT_UNKNOWN`.
 */
export async function amend(queries: Queries, next: PlanRevision): Promise<void> {
  const { rolloutId: id, revision, plan, text } = next;
  const [row] = await queries.select().from(rollouts).where(eq(rollouts.id, id)).for('update');
  if (row === undefined) throw new Failure('ROLLOUT_UNKNOWN', `There is no rollout ${id}.`);
  const kept = await revisionsOf(queries, id);
  if (kept.length === 0) {
    // Submitted before revisions were kept: what it was until now is the one before.
    const { submittedBy: by, submittedAt: at } = row;
    const before = { rolloutId: id, revision: revision - 1, text: row.text, plan: row.plan, by, at };
    await queries.insert(planRevisions).values(before);
  }
  await queries.insert(planRevisions).values(next).onConflictDoNothing();
  if (kept.every((one) => one.revision < revision))
    await queries.update(rollouts).set({ plan, text }).where(eq(rollouts.id, id));
  await announceRollout(queries, id);
}

/** The oldest first. */
export function revisionsOf(queries: Queries, id: string): Promise<PlanRevision[]> {
  return queries
    .select()
    .from(planRevisions)
    .where(eq(planRevisions.rolloutId, id))
    .orderBy(asc(planRevisions.revision));
}
