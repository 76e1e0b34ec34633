import { z } from 'zod';
import { EVENTS } from './journal.ts';
import { Duration } from './units.ts';

/** Defaults of the times below, in seconds. */
export const UPDATE_EVERY = 15 * 60;
export const SUMMARY_WITHIN = 3600;
export const ANNOUNCED_BEFORE = 30 * 60;

/** More often nobody reads it. */
const Rhythm = Duration.refine((seconds) => seconds >= 60, 'expected at least 1m').optional();

/** Which of the times belongs to which event. */
const TIMES = { every: 'incident-update', within: 'incident-summary', before: 'upcoming' } as const;

/** What a channel hears of a rollout. */
export const Subscription = z
  .strictObject({
    channel: z.string().min(1).describe('A channel of tidegate.yaml.'),
    events: z.array(z.enum(EVENTS)).min(1),
    every: Rhythm.describe('Of `incident-update`: time from one to the next. Default: 15m.'),
    within: Rhythm.describe(
      'Of `incident-summary`: how long after the beginning of the incident it comes at the latest. Default: 1h.',
    ),
    before: Rhythm.describe(
      'Of `upcoming`: how long before the stage opens people hear of it. Default: 30m.',
    ),
  })
  .superRefine(({ events, ...times }, context) => {
    for (const [field, event] of Object.entries(TIMES)) {
      if (times[field as keyof typeof TIMES] === undefined || events.includes(event)) continue;
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `\`${field}\` is a time of \`${event}\`, which is not among the events`,
      });
    }
  });
export type Subscription = z.infer<typeof Subscription>;
