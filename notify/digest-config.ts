import { z } from 'zod';

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;

export const DigestConfig = z.strictObject({
  channel: z.string().min(1).describe('Which of `channels` gets it.'),
  at: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 09:00')
    .meta({ title: 'time of day', examples: ['09:00'] })
    .default('09:00')
    .describe('When it is sent.'),
  timezone: z
    .string()
    .default('UTC')
    .describe('Whose hours and days.')
    .meta({ examples: ['Europe/Berlin'] }),
  daily: z.boolean().default(true).describe('Whether there is one each day.'),
  weekly: z.enum(WEEKDAYS).optional().describe('The day on which it tells of the whole week. Default: none.'),
});
export type DigestConfig = z.infer<typeof DigestConfig>;
