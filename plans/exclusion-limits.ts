import { z } from 'zod';
import { Percentage } from './units.ts';

/** How much the gates of a rollout may take off the canary by themselves. */
export const Exclusions = z.strictObject({
  most: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Slices that may be off the canary; one more stops the rollout.'),
  traffic: Percentage.prefault('20%').describe(
    'Share of the requests of the canary that may be taken off it; more stops the rollout.',
  ),
});
export type Exclusions = z.infer<typeof Exclusions>;

const USUAL = Exclusions.parse({});

/** The limits in force, whether the plan names them or not. */
export function exclusionLimits(policy: { exclusions?: Exclusions | undefined }): Exclusions {
  return policy.exclusions ?? USUAL;
}
