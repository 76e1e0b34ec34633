import { z } from 'zod';

/** When a rollout will be where it goes. Times in ms since 1970. */
export const Forecast = z.strictObject({
  /** The stage with 100 %, or the last one; null: the end of the rollout, where that stage is reached. */
  goal: z.string().nullable(),
  /** Where nothing holds it longer than the plan says, and people answer at once. */
  earliest: z.number(),
  /** At the present traffic and evidence; null: a person must decide first, or nothing is known of them. */
  expected: z.number().nullable(),
  /** What stands before it, in order. */
  waitsFor: z.array(z.string()),
});
export type Forecast = z.infer<typeof Forecast>;
