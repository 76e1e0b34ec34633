import { and, eq, isNull, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Queries } from './connection.ts';
import { FLAGS_CHANNEL } from './flag-contract.ts';
import { flags } from './schema.ts';

/** All that matters here of a stored plan. */
const Decommissioning = z.object({
  stages: z.array(z.object({ decommission: z.object({ runbook: z.string().optional() }).optional() })),
});

/**
 * Marks the flag of a rollout that has just been completed, if its plan has a decommission stage: from now on a kill
 * would send users to a path that is gone. The mark stands with the flag, so that whoever holds the flag's
 * definition knows it without PostgreSQL.
 */
export async function markDecommissioned(
  queries: Queries,
  rollout: { id: string; environment: string; flag: string },
  plan: unknown,
): Promise<void> {
  const stages = Decommissioning.safeParse(plan).data?.stages ?? [];
  const rule = stages.find(({ decommission }) => decommission !== undefined)?.decommission;
  if (rule === undefined) return;
  const { id: rolloutId, environment, flag: key } = rollout;
  await queries
    .update(flags)
    .set({ decommissioned: { rolloutId, runbook: rule.runbook ?? null }, lifecycle: 'Retired' })
    .where(
      and(
        eq(flags.environment, environment),
        eq(flags.key, key),
        or(isNull(flags.rolloutId), eq(flags.rolloutId, rolloutId)),
      ),
    );
  // Without a revision, which is the same as before: followers then read everything again.
  const notice = JSON.stringify({ environment, key });
  await queries.execute(sql`select pg_notify(${FLAGS_CHANNEL}, ${notice})`);
}
