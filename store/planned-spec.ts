import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { FlagSpec } from '../plans/flag/spec.ts';
import type { Queries } from './connection.ts';
import { rollouts } from './schema.ts';

/** All that matters here of a stored plan. */
const Planned = z.object({
  metadata: z.object({ title: z.string().optional(), owner: z.string().min(1).optional() }),
  flag: z.object({ expires: z.iso.date().optional() }).optional(),
});

/** The entry in the registry of a flag that a rollout makes: a release flag of the plan's owner. */
export async function plannedSpec(queries: Queries, rolloutId: string): Promise<FlagSpec> {
  const [row] = await queries
    .select({ plan: rollouts.plan })
    .from(rollouts)
    .where(eq(rollouts.id, rolloutId));
  const { metadata, flag } = Planned.safeParse(row?.plan).data ?? {};
  return FlagSpec.parse({
    kind: 'percentage',
    purpose: 'release',
    owner: metadata?.owner ?? null,
    expires: flag?.expires ?? null,
    description: (metadata?.title ?? '').slice(0, 1000),
  });
}
