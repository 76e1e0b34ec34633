import { z } from 'zod';
import { Check } from './check.ts';
import { Key } from './names.ts';
import { Requirement } from './requirement.ts';
import { Duration } from './units.ts';

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/;
const EXPECTED = 'expected a time with its zone, such as 2026-03-02T09:00+01:00';

const Moment = z
  .string()
  .regex(MOMENT, EXPECTED)
  .refine((text) => !MOMENT.test(text) || !Number.isNaN(Date.parse(text)), 'there is no such time')
  .meta({ title: 'time', examples: ['2026-03-02T09:00+01:00'] });

export const PlanWindows = z.strictObject({
  timezone: z
    .string()
    .default('UTC')
    .describe('Whose hours and days.')
    .meta({ examples: ['Europe/Berlin'] }),
  allow: z
    .array(z.string().meta({ examples: ['Mon-Thu 09:00-16:00'] }))
    .default([])
    .describe('Days and hours, such as Mon-Thu 09:00-16:00; none: always.'),
  freezes: z
    .array(z.strictObject({ from: z.iso.date(), to: z.iso.date() }))
    .default([])
    .describe('Closed as whole days, the last one included.'),
  holidays: z
    .union([z.array(z.iso.date()), Key])
    .optional()
    .describe('Closed days, or the name of one of `holidays` in tidegate.yaml.'),
  bakeOutsideFreezes: z
    .boolean()
    .optional()
    .describe('A stage opens only where its bake time ends before the next freeze begins.'),
});

export const StartTime = z.strictObject({
  at: Moment.describe('The first stage opens at this time, or later.'),
});

export const Deadline = z.strictObject({
  at: Moment.optional().describe('When the rollout is to be complete. Exactly one of at and after.'),
  after: Duration.optional().describe('The same, counted from the first stage.'),
  then: z.enum(['pause', 'rollback']).default('pause').describe('What happens where it is not.'),
  warn: Duration.prefault('24h').describe('How long before people are told that it comes.'),
});
export type Deadline = z.infer<typeof Deadline>;

export const Retry = z.strictObject({
  wait: Duration.describe('Time in the stage below before it is tried again.'),
  times: z
    .int()
    .min(1)
    .max(10)
    .default(2)
    .describe('How often, in the whole rollout; then a person decides.'),
});

/** What a stage may say of how it is entered. */
export const StageEntry = {
  checks: z
    .array(Check)
    .min(1)
    .max(20)
    .optional()
    .describe(
      'Asked once nothing else holds the rollout; all must answer as expected before the stage opens.',
    ),
  windows: PlanWindows.optional().describe(
    'In place of the `windows` at the top, for the opening of this stage.',
  ),
  requires: z
    .array(Requirement)
    .min(1)
    .max(20)
    .optional()
    .describe('How far other rollouts must have got before this stage opens, beside those of the top.'),
};
