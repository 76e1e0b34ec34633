import { z } from 'zod';
import { Name } from './names.ts';
import { Duration } from './units.ts';

export const STEP_KINDS = ['check', 'code', 'infrastructure', 'data'] as const;
const kind = z.enum(STEP_KINDS);

/** What is left to do behind the point of no return. */
export const Step = z.strictObject({
  name: Name.describe('How people call it.'),
  kind: kind.describe(
    'What it is about. A step of kind `code` is not done while builds report that code names the flag.',
  ),
  owner: z.string().min(1).optional().describe('Who does it. Default: the owner of the plan.'),
  due: z
    .union([Duration, z.iso.date()])
    .describe('When it is to be done: so long after the point of no return, or a day.')
    .meta({ title: 'duration or day', examples: ['14d', '2027-06-30'] }),
});
export type Step = z.infer<typeof Step>;

/** What everybody has to do who does not say otherwise. */
export const USUAL_STEPS: z.input<typeof Step>[] = [
  { name: 'check', kind: 'check', due: '7d' },
  { name: 'code', kind: 'code', due: '14d' },
  { name: 'infrastructure', kind: 'infrastructure', due: '30d' },
  { name: 'data', kind: 'data', due: '30d' },
];

/** A step as it stands. Times in milliseconds since 1970. */
export const StepLeft = z.strictObject({
  name: z.string(),
  kind,
  /** Null: the plan names nobody. */
  owner: z.string().nullable(),
  due: z.number(),
  /** Null: not yet. */
  done: z.strictObject({ by: z.string(), at: z.number(), reason: z.string().nullable() }).nullable(),
});
export type StepLeft = z.infer<typeof StepLeft>;
