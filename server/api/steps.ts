import { z } from 'zod';

export const StepRequest = z.strictObject({
  by: z.string().min(1).optional(),
  roles: z.array(z.string()).optional(),
  /** What was done, for the journal. */
  reason: z.string().min(1).max(1000).nullable().default(null),
});
