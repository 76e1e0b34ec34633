import { z } from 'zod';

/** How often the source of one repository named a flag when it was last searched. */
export const ReferenceReport = z.strictObject({
  repository: z.string(),
  count: z.int().min(0),
  commit: z.string().nullable(),
  by: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
});
export type ReferenceReport = z.infer<typeof ReferenceReport>;

/** What of them holds the end of a rollout. */
export const ReferenceRule = z.enum(['reported', 'required', 'ignored']);
export type ReferenceRule = z.infer<typeof ReferenceRule>;

/**
 * Why the code keeps a rollout from completing; null: it does not. `since`: when the rollout began (ms since 1970); a report
 * without references from before it says nothing about what came with it.
 */
export function heldByReferences(
  reports: readonly ReferenceReport[],
  { rule, since }: { rule: ReferenceRule; since: number },
): string | null {
  if (rule === 'ignored') return null;
  const named = reports.filter(({ count }) => count > 0);
  if (named.length > 0) {
    const where = named.slice(0, 3).map(({ repository, count, commit }) => {
      return `${count} in ${repository}${commit === null ? '' : ` at ${commit.slice(0, 10)}`}`;
    });
    const more = named.length > 3 ? ` and in ${named.length - 3} more` : '';
    return `the code still names the flag: ${where.join(', ')}${more}`;
  }
  if (rule === 'required' && !reports.some(({ at }) => at >= since))
    return 'nobody has reported since the rollout began that the code no longer names the flag';
  return null;
}
