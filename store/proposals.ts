import { randomUUID } from 'node:crypto';
import { desc, eq, isNull, sql } from 'drizzle-orm';
import type { Queries } from './connection.ts';
import { oneAtATime } from './locks.ts';
import { proposedPlans, rollouts } from './schema.ts';
import type { Admission, Proposal, Standing } from './store.ts';

/** Within one transaction: whoever comes later finds this plan among the others. */
export async function propose(
  queries: Queries,
  { rolloutId, plan }: Pick<Proposal, 'rolloutId' | 'plan'>,
  { admit, others }: { admit: Admission | undefined; others: Standing },
): Promise<string> {
  if (admit !== undefined) {
    await oneAtATime(queries, 'submits');
    await admit(others);
  }
  const mark = randomUUID();
  await queries.insert(proposedPlans).values({ mark, rolloutId, plan });
  return mark;
}

export async function withdraw(queries: Queries, mark: string): Promise<void> {
  await queries.delete(proposedPlans).where(eq(proposedPlans.mark, mark));
}

export function proposals(queries: Queries): Promise<Proposal[]> {
  const { rolloutId, plan, at } = proposedPlans;
  return queries
    .selectDistinctOn([rolloutId], {
      rolloutId,
      plan,
      fresh: sql<boolean>`${at} > now() - interval '1 minute'`,
    })
    .from(proposedPlans)
    .innerJoin(rollouts, eq(rollouts.id, rolloutId))
    .where(isNull(rollouts.endedAt))
    .orderBy(rolloutId, desc(at));
}
