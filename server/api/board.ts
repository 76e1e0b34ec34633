import { z } from 'zod';
import { PHASES, Phase } from '../../plans/view.ts';
import { Action } from '../api.ts';

/** Who asks for themselves; only who may act for others names another person, and its roles with commas. */
const asked = {
  by: z.string().min(1).max(200).optional(),
  roles: z
    .string()
    .max(1000)
    .transform((text) =>
      text
        .split(',')
        .map((role) => role.trim())
        .filter((role) => role !== ''),
    )
    .optional(),
};

const filter = {
  environment: z.string().optional(),
  flag: z.string().optional(),
  service: z.string().optional(),
  /** Words that all stand somewhere in id, flag, environment, service, title, owner or submitter. */
  q: z.string().max(200).optional(),
};

const phases = z
  .string()
  .transform((text, context) => {
    const names = z.array(Phase).min(1).safeParse(text.split(','));
    if (names.success) return names.data;
    context.addIssue({
      code: 'custom',
      message: `expected phases with commas between them: ${PHASES.join(', ')}`,
    });
    return z.NEVER;
  })
  .meta({
    pattern: `^(${PHASES.join('|')})(,(${PHASES.join('|')}))*$`,
    examples: ['active', 'submitted,active'],
  });

export const ListQuery = z.strictObject({
  ...filter,
  ...asked,
  phase: phases.optional(),
  /** `me`: those with a question that the sender may answer; else the name of a role that may. */
  waiting: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** The `next` of the page before. */
  cursor: z.string().max(1000).optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

export const CountsQuery = z.strictObject(filter);
export const CountsReply = z.strictObject({
  total: z.number(),
  phases: z.record(Phase, z.number()),
  /** How many wait for a person. */
  waiting: z.number(),
});

/** Something that a rollout waits for a person with. Times in ms since 1970. */
export const Question = z.strictObject({
  kind: z.enum([
    'start',
    'stage',
    'amendment',
    'confirmation',
    'no-return',
    'split',
    'difference',
    'drift',
    'pause',
    'checks',
  ]),
  /** What it waits for, in one sentence. */
  text: z.string(),
  /** The roles that may approve; none: anybody who may decide there. */
  roles: z.array(z.string()),
  since: z.number().nullable(),
  /** When what the plan says about silence happens. */
  until: z.number().nullable(),
  /** The answers that there are. */
  actions: z.array(Action),
});
export type Question = z.infer<typeof Question>;

export const ApprovalsQuery = z.strictObject({
  /** `me`: what the sender may answer; `anyone`: all that is open. */
  for: z.enum(['me', 'anyone']).default('me'),
  ...asked,
});
export const ApprovalsReply = z.strictObject({
  approvals: z.array(
    z.strictObject({
      rollout: z.string(),
      title: z.string().nullable(),
      flag: z.string(),
      environment: z.string(),
      service: z.string().nullable(),
      stage: z.string().nullable(),
      submittedBy: z.string(),
      /** What `seq` of an answer names. */
      seq: z.number(),
      ...Question.shape,
    }),
  ),
});
export type ApprovalsReply = z.infer<typeof ApprovalsReply>;

export const WindowsQuery = z.strictObject({
  /** How many days ahead. */
  days: z.coerce.number().int().min(1).max(92).default(14),
});
const span = z.strictObject({ from: z.number(), to: z.number() });
export const WindowsReply = z.strictObject({
  /** The time that the calendar is of, ms since 1970. */
  from: z.number(),
  to: z.number(),
  /** Days on which nothing rises, today and later, by whose rollouts they hold. */
  freezes: z.array(
    z.strictObject({
      from: z.string(),
      to: z.string(),
      timezone: z.string(),
      rollouts: z.array(z.string()),
    }),
  ),
  /** Active rollouts whose plan has windows. */
  rollouts: z.array(
    z.strictObject({
      id: z.string(),
      flag: z.string(),
      environment: z.string(),
      timezone: z.string(),
      allow: z.array(z.string()),
      open: z.boolean(),
      /** When it may next go on; null: now, as far as windows go. */
      opensAt: z.number().nullable(),
      /** When it may go on, within the time of the calendar. */
      openings: z.array(span),
      /** What else stands in its way now. */
      blockers: z.array(z.string()),
    }),
  ),
});
export type WindowsReply = z.infer<typeof WindowsReply>;

/** Where messages go. Addresses and secrets stand in tidegate.yaml alone. */
export const ChannelsReply = z.strictObject({
  channels: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.string(),
      lastSent: z.number().nullable(),
      /** Messages that are not sent yet. */
      waiting: z.number(),
      /** When the oldest message was written that it has not taken; null: it takes all. */
      failingSince: z.number().nullable(),
      error: z.string().nullable(),
    }),
  ),
});
