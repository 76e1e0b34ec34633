import { z } from 'zod';
import { Key, Name } from './names.ts';
import { Percentage } from './units.ts';

export const Requirement = z.strictObject({
  rollout: Key.describe(
    'The name of the other plan. Of several rollouts by this name the newest one that has begun counts.',
  ),
  environment: Key.optional().describe('Where it is. Default: that of this plan.'),
  reached: z
    .union([z.literal('completed'), Percentage, z.strictObject({ stage: Name })])
    .prefault('completed')
    .describe('How far it must have got: the share that it serves, the name of a stage of it, or its end.')
    .meta({ examples: ['25%', 'completed'] }),
  then: z
    .enum(['pause', 'rollback', 'note'])
    .default('pause')
    .describe(
      'When it is rolled back after this rollout has gone on. Where it only steps back below what is required, `rollback` pauses as well.',
    ),
});
export type Requirement = z.infer<typeof Requirement>;
