import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { FlagSpec } from '../plans/flag/spec.ts';
import type { Queries } from './connection.ts';
import { clock } from './flag-rows.ts';
import { rollouts } from './schema.ts';

/** How long after the end of its plan a flag may stay in the code where the plan does not say. */
const LEFT_DAYS = 90;
const DAY = 86_400;

const Seconds = z.number().nonnegative().catch(0);
const Stage = z.object({ bake: Seconds, decommission: z.object({ cleanFor: Seconds }).optional() });

/** All that matters here of a stored plan. */
const Planned = z.object({
  metadata: z.object({ title: z.string().optional(), owner: z.string().min(1).optional() }),
  flag: z.object({ expires: z.iso.date().optional(), flagSet: z.string().min(1).optional() }).optional(),
  stages: z.array(Stage).catch([]),
});

export interface PlannedEntry {
  spec: FlagSpec;
  /** What was decided where the plan says nothing; null: the plan says it all. */
  note: string | null;
}

/**
 * The entry in the registry of a flag that a rollout makes: a release flag of the plan's owner in the plan's flag set, which ends on the plan's day,
 * else 90 days after all stages have had their least time. A rollout that is not known says nothing of either.
 */
export async function plannedEntry(queries: Queries, rolloutId: string): Promise<PlannedEntry> {
  const [row] = await queries
    .select({ plan: rollouts.plan })
    .from(rollouts)
    .where(eq(rollouts.id, rolloutId));
  const planned = Planned.safeParse(row?.plan).data;
  const { metadata, flag, stages = [] } = planned ?? {};
  const said = flag?.expires ?? null;
  const expires = said ?? (row === undefined ? null : expiryAfter(stages, await clock(queries)));
  return {
    spec: FlagSpec.parse({
      kind: 'percentage',
      purpose: 'release',
      owner: metadata?.owner ?? null,
      expires,
      ...(flag?.flagSet === undefined ? {} : { flagSet: flag.flagSet }),
      description: (metadata?.title ?? '').slice(0, 1000),
    }),
    note:
      said === expires
        ? null
        : `expires ${expires}, ${LEFT_DAYS} days after its stages: the plan does not say`,
  };
}

/** `now` in milliseconds since 1970. */
function expiryAfter(stages: readonly z.infer<typeof Stage>[], now: number): string {
  const seconds = stages.reduce(
    (sum, { bake, decommission }) => sum + (decommission === undefined ? bake : decommission.cleanFor),
    0,
  );
  return new Date(now + (seconds + LEFT_DAYS * DAY) * 1000).toISOString().slice(0, 10);
}
