import { z } from 'zod';
import { Exposure } from '../../plans/exposure.ts';
import { Blocker, Phase } from '../../plans/view.ts';

export const PERMISSIONS = ['read', 'submit', 'approve', 'operate', 'administer'] as const;

/** What the reader may do there, and in which roles of plans it approves. */
export const Powers = z.strictObject({
  may: z.array(z.enum(PERMISSIONS)),
  roles: z.array(z.string()),
});
export type Powers = z.infer<typeof Powers>;

/** The latest look of the present stage's gate. */
export const BoardGate = z.strictObject({
  at: z.number(),
  verdict: z.enum(['pass', 'hold', 'soft', 'hard', 'no-data']),
  lnE: z.number(),
  threshold: z.number(),
  metric: z.string().nullable(),
});
export type BoardGate = z.infer<typeof BoardGate>;

/** One rollout as a list shows it. Times are milliseconds since 1970. */
export const BoardRow = z.strictObject({
  id: z.string(),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  service: z.string().nullable(),
  environment: z.string(),
  flag: z.string(),
  phase: Phase,
  stage: z.string().nullable(),
  /** How many stages there are, and how many of them are done. */
  stages: z.number(),
  done: z.number(),
  exposure: Exposure,
  submittedBy: z.string(),
  submittedAt: z.number(),
  stageSince: z.number().nullable(),
  endedAt: z.number().nullable(),
  blockers: z.array(Blocker),
  next: z.string(),
  pause: z
    .strictObject({ reason: z.string(), since: z.number(), deadline: z.number(), then: z.string() })
    .nullable(),
  /** Why it stopped and by whom. */
  stop: z.string().nullable(),
  /** Null: the gate has not looked at the present stage yet, or the rollout is over. */
  gate: BoardGate.nullable(),
  powers: Powers,
});
export type BoardRow = z.infer<typeof BoardRow>;

/** What has changed since the message before; the first messages together are everything. */
export const BoardEvent = z.strictObject({
  rows: z.array(BoardRow),
  /** Rollouts that are no longer among those that are shown. */
  gone: z.array(z.string()),
  /** False while the rest of everything follows at once. */
  complete: z.boolean(),
  /** The server's clock. */
  now: z.number(),
});
export type BoardEvent = z.infer<typeof BoardEvent>;
