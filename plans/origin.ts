import { z } from 'zod';
import { Exclusion } from './exclusion.ts';

/** What an earlier rollout of the same build has left against it. */
export const Carried = z.strictObject({
  /** The rollout that it was last gathered in. */
  of: z.string(),
  build: z.string(),
  /**
   * End of the last window of it that counts, in seconds since it began; 0: none of its own does. What was read later, as a gate reads
   * on for a moment after its rollout, is evidence for neither. Absent in records from before: all do.
   */
  until: z.number().exactOptional(),
  /** Of all together, and what a stop needs. */
  lnE: z.number(),
  threshold: z.number(),
  against: z.array(z.strictObject({ name: z.string(), lnE: z.number() })),
  /** Differences that people have accepted of this build: they are part of its evidence. */
  accepted: z.array(z.strictObject({ name: z.string(), value: z.number(), by: z.string() })),
});
export type Carried = z.infer<typeof Carried>;

/** Where a rollout comes from that goes on after another one. */
export const Origin = z.discriminatedUnion('kind', [
  z.strictObject({
    /** The same plan once more, or an amended one, after a rollback. */
    kind: z.literal('retry'),
    of: z.string(),
    /** The stage that it begins at: the first, or one whose earlier gates that rollout had passed. */
    stage: z.string(),
    /** What had stopped the earlier one, for whoever approves. */
    cause: z.string(),
    /** What the person says was mended. */
    reason: z.string(),
    /** One text for each leaf of the plan that is not as it was. */
    changes: z.array(z.string()),
    /** Whom people had taken off the canary of the earlier one: they begin without it. Absent: nobody. */
    excluded: z.array(Exclusion).exactOptional(),
    /** The evidence against its build that it goes on with. Absent: it begins anew. */
    carried: Carried.exactOptional(),
    /** Why it begins anew where a build is named. */
    anew: z.string().exactOptional(),
  }),
  z.strictObject({
    /** It takes the place of one that still ran. */
    kind: z.literal('supersede'),
    of: z.string(),
    reason: z.string(),
    /** As of a retry: the evidence against the build of both. */
    carried: Carried.exactOptional(),
    anew: z.string().exactOptional(),
  }),
]);
export type Origin = z.infer<typeof Origin>;
