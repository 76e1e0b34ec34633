import { z } from 'zod';

/** A risk that the plan takes on purpose. */
export const Allowance = z.strictObject({
  rule: z
    .string()
    .min(1)
    .describe('The id of a rule that `plan check` prints.')
    .meta({ examples: ['PLAN-NO-INTERNAL'] }),
  reason: z
    .string()
    .trim()
    .min(1)
    .describe('Why that is right here, for whoever reviews the plan.')
    .meta({ examples: ['only batch callers use it'] }),
});
export type Allowance = z.infer<typeof Allowance>;
