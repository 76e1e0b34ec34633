import { z } from 'zod';
import { Name } from './names.ts';

/** How a plan tells that it migrates data. */
export const Migration = z.strictObject({
  writes: z
    .enum(['both', 'canary'])
    .default('canary')
    .describe(
      'both: what the canary writes is written as the old path reads it too; canary: to the new place alone.',
    ),
  parity: Name.optional()
    .describe('The limit or metric that compares what both paths read or answer.')
    .meta({ title: 'name', examples: ['parity'] }),
});
export type Migration = z.infer<typeof Migration>;
