import { z } from 'zod';
import type { Assessment } from '../plans/assessment.ts';
import { Comparison } from '../plans/comparison.ts';
import { Exposure } from '../plans/exposure.ts';
import { LIFECYCLES } from '../plans/flag/lifecycle.ts';
import { Forecast } from '../plans/forecast.ts';
import { JournalEntry } from '../plans/journal.ts';
import { PlanRevisionNote } from '../plans/report.ts';
import type { Sample } from '../plans/sample.ts';
import { RolloutView } from '../plans/view.ts';
import { LARGEST } from './api/numbers.ts';

/** The sender is known by its token or its login; only who may act for others names another person and its roles. */
const actor = { by: z.string().min(1).optional(), roles: z.array(z.string()).optional() };

/** What the sender saw; where the rollout has moved on since, the answer is 409 with what is there now. */
const seen = {
  /** The `seq` of the view. */
  seq: z.int().min(0).max(LARGEST).optional(),
  /** The name of the stage whose gate it was. */
  gate: z.string().min(1).optional(),
};

export const SubmitRequest = z.strictObject({
  ...actor,
  text: z.string(),
  file: z.string().default('plan.yaml'),
});
/** `notes`: what the metrics of the plan are read from, where that depends on the source. */
export const SubmitReply = z.strictObject({
  id: z.string(),
  warnings: z.array(z.string()),
  notes: z.array(z.string()).default([]),
});
export type SubmitReply = z.infer<typeof SubmitReply>;

/** The body of every action on a rollout; each action reads the fields that it names. */
export const ACTIONS = [
  'approve',
  'confirm',
  'reject',
  'step-back',
  'pause',
  'resume',
  'recheck',
  'waive',
  'accept-drift',
  'rollback',
  'exclude',
  'include',
  'end',
  'abandon',
] as const;
export const Action = z.enum(ACTIONS);
export type Action = z.infer<typeof Action>;
export const ActionRequest = z.strictObject({
  ...actor,
  reason: z.string().nullable().default(null),
  /** approve of a soft stop: the difference accepted, in the metric's unit; default: the upper bound shown. */
  accept: z.number().nullable().default(null),
  /** approve against the rule that nobody approves their own rollout; a second person confirms afterwards. */
  breakGlass: z.boolean().default(false),
  /** confirm: the key of the flag or the id of the rollout, written out, since there is no way back behind it. */
  confirm: z.string().optional(),
  /** abandon: take the canary from everybody first; without it the flag stays at 0 % or at 100 %. */
  lower: z.boolean().default(false),
  /** rollback: stage by stage; false: all at once. Default: as the plan says. */
  progressive: z.boolean().optional(),
  /** rollback: seconds from one step to the next; with it the rollback is progressive. Default: as the plan says. */
  every: z.int().min(1).max(604_800).optional(),
  /** exclude, include: the tenant, as `flag.tenant` of the plan's context has it. Exactly one of both. */
  tenant: z.string().min(1).max(200).optional(),
  /** exclude, include: the segment. */
  segment: z.string().min(1).max(200).optional(),
  ...seen,
});
export type ActionRequest = z.infer<typeof ActionRequest>;
export const ActionReply = z.strictObject({ id: z.string(), summary: z.string(), view: RolloutView });
export type ActionReply = z.infer<typeof ActionReply>;

/** What somebody else serves now, of a rollout whose plan has `provider: told`. */
export const ToldRequest = z.strictObject({
  ...actor,
  percent: z.number().min(0).max(100),
  /** Without them: those that the plan has at that share. */
  segments: z.array(z.string().min(1)).optional(),
  /** Grows with each change. The last one may be sent again; an older one is refused. */
  sequence: z.int().min(0),
  /** Who moved the flag, in the words of whoever serves it; `by` is who tells. */
  mover: z.string().min(1).max(200).optional(),
  /** When it was moved. Default: now. */
  at: z.iso.datetime({ offset: true }).optional(),
});
export type ToldRequest = z.infer<typeof ToldRequest>;

export const AmendRequest = z.strictObject({
  ...actor,
  text: z.string(),
  file: z.string().default('plan.yaml'),
  reason: z.string().nullable().default(null),
  ...seen,
});
export const AmendReply = z.strictObject({ id: z.string(), changes: z.array(z.string()), view: RolloutView });

export const KillRequest = z.strictObject({ ...actor, reason: z.string().default('kill') });
export const KillReply = z.strictObject({
  flag: z.string(),
  environment: z.string(),
  exposure: Exposure,
  revision: z.number(),
  rolloutId: z.string().nullable(),
  /** False while Temporal cannot be told; the rollout converges when it is back. */
  workflowTold: z.boolean(),
  /** True while PostgreSQL is away: the kill stands in the data folder and is carried over later. */
  offline: z.boolean(),
});
export type KillReply = z.infer<typeof KillReply>;
export const UnlockRequest = z.strictObject({ ...actor, reason: z.string().min(1) });

export const AlertRequest = z.strictObject({
  name: z.string(),
  /** canary: about the canary variant alone; service: about the whole service; deploy: another deployment of it. */
  scope: z.enum(['canary', 'service', 'deploy']),
  status: z.enum(['firing', 'resolved']).default('firing'),
  detail: z.string().default(''),
  /** Which rollouts it concerns: those of this flag, of this service, or one rollout; at least one is needed. */
  rollout: z.string().optional(),
  flag: z.string().optional(),
  service: z.string().optional(),
  environment: z.string().optional(),
});
export type AlertRequest = z.infer<typeof AlertRequest>;
/** The rollouts that were told. None is no error: most alerts concern no rollout. */
export const AlertReply = z.strictObject({ rollouts: z.array(z.string()) });

/** The latest first. `next`: the cursor of the next page; null: this is the last. */
export const ListReply = z.strictObject({
  rollouts: z.array(RolloutView),
  next: z.string().nullable().default(null),
});

export const Live = z.strictObject({
  at: z.number(),
  /** Null where the latest window was no evidence. */
  sample: z.custom<Sample>().nullable(),
  assessment: z.custom<Assessment>().nullable(),
  /** Of which kind each metric is: ratios are rates, latencies seconds, the others have a unit of their own. */
  kinds: z.record(z.string(), z.enum(['ratio', 'latency', 'mean', 'gauge'])),
});
export type Live = z.infer<typeof Live>;
/** `forecast`: when it is at 100 %; null: it goes nowhere. */
const ahead = { forecast: Forecast.nullable().default(null) };
/** One `change` of `GET /rollouts/:id/events`: sent at once and then at each change. Its id is the last journal line's. */
export const LiveEvent = z.strictObject({
  view: RolloutView,
  live: Live.nullable(),
  ...ahead,
  /** Journal lines since the event before, each once. */
  entries: z.array(JournalEntry).optional(),
});
export type LiveEvent = z.infer<typeof LiveEvent>;
/** One `change` of `GET /events`: a journal line of some rollout, and the rollout as it is now. */
export const BoardEvent = z.strictObject({ entry: JournalEntry, view: RolloutView });
export type BoardEvent = z.infer<typeof BoardEvent>;
/** Until when the exposure holds by itself (milliseconds since 1970), and what follows then. */
export const ExposureLease = z.strictObject({ until: z.number(), fallback: Exposure });
export type ExposureLease = z.infer<typeof ExposureLease>;
export const StatusReply = z.strictObject({
  view: RolloutView,
  live: Live.nullable(),
  ...ahead,
  /** Null: the exposure has no lease. */
  lease: ExposureLease.nullable(),
  notifications: z.array(
    z.strictObject({
      event: z.string(),
      channel: z.string(),
      state: z.enum(['waiting', 'sent']),
      attempts: z.number(),
      error: z.string().nullable(),
    }),
  ),
});
export type StatusReply = z.infer<typeof StatusReply>;
/** Journal lines of a page. */
export const MOST_LINES = 1_000;
/** `after`: the `seq` of a line; without it from the first. Without `limit` the answer is all of them. */
export const JournalQuery = z.strictObject({
  after: z.coerce.number().int().nonnegative().max(LARGEST).optional(),
  limit: z.coerce.number().int().positive().max(MOST_LINES).optional(),
});
export const JournalReply = z.strictObject({
  entries: z.array(JournalEntry),
  /** With `limit`: `after` of the next page; null: this is the last one. */
  next: z.number().nullable().exactOptional(),
});
export type JournalReply = z.infer<typeof JournalReply>;
/** Samples of a page. */
export const MOST_SAMPLES = 1_000;
/** `after`: seconds since the rollout began; without it from its beginning. What was read of the time before has a negative time. */
export const SamplesQuery = z.strictObject({
  after: z.coerce.number().optional(),
  limit: z.coerce.number().int().positive().max(MOST_SAMPLES).default(MOST_SAMPLES),
});
export const SamplesReply = z.strictObject({
  samples: z.array(
    z.strictObject({
      rolloutId: z.string(),
      stage: z.string(),
      t: z.number(),
      at: z.number(),
      sample: z.unknown(),
      assessment: z.unknown(),
    }),
  ),
  /** `after` of the next page; null: this is the last one. */
  next: z.number().nullable(),
});
export type SamplesReply = z.infer<typeof SamplesReply>;

export const PlanQuery = z.strictObject({
  /** Without it: the present one. */
  revision: z.coerce.number().int().positive().max(LARGEST).optional(),
});
export const PlanReply = z.strictObject({
  id: z.string(),
  revision: z.number(),
  /** As its author wrote it. */
  text: z.string(),
  /** All that there are, the oldest first. */
  revisions: z.array(PlanRevisionNote),
});
export type PlanReply = z.infer<typeof PlanReply>;

export const ComparisonQuery = z.strictObject({
  /** Without it: the present stage, or the last one that was watched. */
  stage: z.string().min(1).optional(),
});
export const ComparisonReply = z.strictObject({
  id: z.string(),
  planRevision: z.number(),
  /** Stages that can be asked for, in the plan's order, and how often each was entered. */
  stages: z.array(z.strictObject({ name: z.string(), visits: z.number() })),
  comparison: Comparison,
});
export type ComparisonReply = z.infer<typeof ComparisonReply>;

/** `json` is a `Report` of plans/report.ts. */
export const ReportQuery = z.strictObject({ format: z.enum(['json', 'markdown', 'html']).default('json') });

export const FlagReply = z.strictObject({
  environment: z.string(),
  key: z.string(),
  exposure: Exposure,
  revision: z.number(),
  epoch: z.number(),
  rolloutId: z.string().nullable(),
  latch: z.strictObject({ by: z.string(), reason: z.string(), at: z.string() }).nullable(),
  /** True when the answer stands in an emergency latch only, because PostgreSQL is away. */
  offline: z.boolean(),
});
export type FlagReply = z.infer<typeof FlagReply>;
/** A flag with what its registry says of it; null where it has no entry there, or PostgreSQL is away and none is on disk. */
export const ListedFlag = z.strictObject({
  ...FlagReply.shape,
  owner: z.string().nullable(),
  purpose: z.string().nullable(),
  /** The day on which it should be gone, as `2027-06-30`. */
  expires: z.string().nullable(),
  lifecycle: z.enum(LIFECYCLES).nullable(),
  flagSet: z.string().nullable(),
  /** Why its definition cannot be served: the last good one is, or nobody gets it where there was none. Null: it is served. */
  refused: z.string().nullable(),
});
export type ListedFlag = z.infer<typeof ListedFlag>;
export const FlagsReply = z.strictObject({ flags: z.array(ListedFlag) });
/** Without `environment` the flag's only one is meant. */
export const FlagQuery = z.strictObject({ environment: z.string().min(1).optional() });

/** RFC 9457 problem details; `code` is a row of the table of failures. */
export const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string(),
  where: z.string().optional(),
  details: z.array(z.string()),
  hint: z.string(),
  /** The rollout as it is, where that is why. */
  current: RolloutView.optional(),
});
export type Problem = z.infer<typeof Problem>;
