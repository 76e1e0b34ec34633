import { z } from 'zod';
import { Exclusion } from './exclusion.ts';

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
  }),
  z.strictObject({
    /** It takes the place of one that still ran. */
    kind: z.literal('supersede'),
    of: z.string(),
    reason: z.string(),
  }),
]);
export type Origin = z.infer<typeof Origin>;

/** One sentence for the journal of the new rollout. */
export function originText(origin: Origin): string {
  const why = origin.reason.replace(/\.$/, '');
  if (origin.kind === 'supersede') return `It takes the place of ${origin.of}: ${why}.`;
  const changed = origin.changes.length === 0 ? '' : ` Changed since: ${origin.changes.join('; ')}.`;
  const { excluded = [] } = origin;
  const without =
    excluded.length === 0
      ? ''
      : ` Off the canary since ${origin.of}: ${excluded.map(({ name, by, reason }) => `${name} (${by}: ${reason.replace(/\.$/, '')})`).join('; ')}.`;
  return `It retries ${origin.of} from stage ${origin.stage}: ${why}. What stopped ${origin.of}: ${origin.cause}.${changed}${without}`;
}

/** The line behind the journal of the earlier one. */
export function successorText(origin: Origin, id: string): string {
  return origin.kind === 'supersede'
    ? `${id} has taken its place.`
    : `${id} retries it from stage ${origin.stage}: ${origin.reason.replace(/\.$/, '')}.`;
}
