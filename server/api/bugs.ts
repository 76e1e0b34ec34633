import { z } from 'zod';

export const BugText = z.strictObject({
  title: z.string().min(1).max(200),
  /** critical: the plan's `alerts.bug` says what follows; the others are a line in the journal. */
  severity: z.enum(['critical', 'major', 'minor']),
  /** Where the bug is described. */
  url: z.url({ protocol: /^https?$/ }).optional(),
});
export type BugText = z.infer<typeof BugText>;

export const BugRequest = BugText.extend({
  by: z.string().min(1).optional(),
  roles: z.array(z.string()).optional(),
});
export const BugReply = z.strictObject({ id: z.string() });
