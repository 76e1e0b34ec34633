import { z } from 'zod';
import { Role } from './names.ts';
import { Duration } from './units.ts';

export const Quorum = z.union([z.literal('any'), z.literal('all'), z.int().min(1)]);

export const Approval = z.strictObject({
  roles: z.array(Role).min(1).describe('Who may approve.'),
  quorum: Quorum.default('any').describe(
    'any: one of the roles; all: each role once; a number: that many different people.',
  ),
  sla: Duration.prefault('4h').describe(
    'How long an answer may take, counted from when `start` and windows let the stage open.',
  ),
  escalate: z
    .strictObject({
      channel: z
        .string()
        .min(1)
        .describe('A channel of tidegate.yaml that is told when nobody has answered in time.'),
      wait: Duration.prefault('1h').describe('How much longer an answer may then take.'),
    })
    .optional()
    .describe('Who else is asked before the plan’s own answer to silence.'),
  then: z.enum(['step-back', 'rollback']).default('step-back').describe('What happens when nobody answers.'),
});
export type Approval = z.infer<typeof Approval>;
