import { z } from 'zod';
import { Key, Name, type Role } from '../names.ts';
import { timezoneKnown } from '../windows.ts';

const Text = z.string().trim().min(1).max(200);

/** What must be known of a change before a plan can be written for it. */
export const Answers = z.strictObject({
  name: Key.describe('Name of the rollout'),
  flag: Key.describe('Key of the flag'),
  service: Text.describe('Service, as it calls itself in createDispatcher'),
  risk: z.enum(['low', 'medium', 'high', 'critical']).describe('What a failure would do'),
  users: z.int().min(1).max(1e10).describe('Users a day'),
  reversibility: z.enum(['reversible', 'forward-only']).describe('Whether the old path can take over again'),
  traffic: z.number().positive().max(1e7).describe('Requests a second'),
  migration: z.boolean().describe('Whether data are migrated'),
  owner: Text.describe('Team that owns it'),
  ticket: Text.describe('Ticket that describes it'),
  expires: z.iso.date().describe('Day by which the flag is gone (YYYY-MM-DD)'),
  title: Text.optional(),
  environment: Key.default('production'),
  timezone: z.string().refine(timezoneKnown, 'there is no such time zone').default('UTC'),
  segment: Name.default('employees'),
  channel: Name.default('releases'),
  pager: Name.default('pager'),
});
export type Answers = z.infer<typeof Answers>;
export type Risk = Answers['risk'];

/** Who is asked, by the part that they play; names of roles in `tidegate.yaml`. */
export const ROLES = {
  technical: 'technical-lead',
  operations: 'operations-lead',
  product: 'product-owner',
  duty: 'on-call',
} as const satisfies Record<string, z.infer<typeof Role>>;
