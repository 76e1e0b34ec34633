import { z } from 'zod';
import { Exposure } from '../../plans/exposure.ts';
import { LIFECYCLES } from '../../plans/flag/lifecycle.ts';
import { SegmentSpec, SharedSegment } from '../../plans/flag/segment.ts';
import { FlagDefinitionText } from '../../plans/flag/spec.ts';
import { FlagReply } from '../api.ts';
import { LARGEST } from './numbers.ts';

/** The sender is known by its token or its login; only who may act for others names another person. */
const actor = { by: z.string().min(1).optional(), roles: z.array(z.string()).optional() };
const by = { ...actor, reason: z.string().min(1) };

/** A flag with all that is known of it. */
export const FlagDetail = z.strictObject({
  ...FlagReply.shape,
  /** Null: made by a rollout of a version without a registry. */
  definition: FlagDefinitionText.nullable(),
  live: z.boolean(),
  lifecycle: z.enum(LIFECYCLES),
  createdAt: z.number(),
  updatedAt: z.number(),
  updatedBy: z.string(),
  environments: z.array(z.string()),
  /** Flags of the environment that need this one. */
  neededBy: z.array(z.string()),
  /** Why the newest definition is not the one in service; null when it is. */
  refused: z.string().nullable(),
  /** What clients get, in flagd's format. */
  delivered: z.unknown(),
});
export type FlagDetail = z.infer<typeof FlagDetail>;
export const FlagDetails = z.strictObject({ flags: z.array(FlagDetail) });

export const DefineRequest = z.strictObject({
  ...by,
  definition: FlagDefinitionText,
  create: z.boolean().default(false),
});
/** `percent` and `segments` are the exposure; `on`: whether rules apply, by default while anybody is exposed. */
export const MoveRequest = z.strictObject({
  ...by,
  percent: z.number().min(0).max(100).optional(),
  segments: z.array(z.string()).optional(),
  on: z.boolean().optional(),
});
export const UndoRequest = z.strictObject({ ...by, to: z.int().min(1).max(LARGEST) });
export const UndoReply = z.strictObject({
  flag: FlagDetail,
  /** Why the exposure was not raised to what it was; null when it is as it was. */
  kept: z.enum(['latched', 'owned']).nullable(),
});

export const Revision = z.strictObject({
  revision: z.number(),
  at: z.number(),
  author: z.string(),
  reason: z.string(),
  rolloutId: z.string().nullable(),
  exposure: Exposure,
  /** `path: before → after` against the revision before. */
  changes: z.array(z.string()),
});
export const HistoryReply = z.strictObject({ revisions: z.array(Revision) });
export const DiffQuery = z.strictObject({
  environment: z.string().min(1).optional(),
  /** Without it the one before `to`. */
  from: z.coerce.number().int().min(1).max(LARGEST).optional(),
  to: z.coerce.number().int().min(1).max(LARGEST).optional(),
});
export const DiffReply = z.strictObject({
  from: z.number(),
  to: z.number(),
  changes: z.array(z.strictObject({ path: z.string(), before: z.unknown(), after: z.unknown() })),
});

export const ApplyRequest = z.strictObject({
  ...by,
  text: z.string(),
  file: z.string().default('flags.yaml'),
  /** Says what would change and changes nothing. */
  dryRun: z.boolean().default(false),
});
export const ApplyReply = z.strictObject({
  applied: z.boolean(),
  items: z.array(
    z.strictObject({
      kind: z.enum(['flag', 'segment']),
      name: z.string(),
      environment: z.string().nullable(),
      action: z.enum(['create', 'change', 'none']),
      changes: z.array(z.string()),
      /** What stays as it is on purpose. */
      notes: z.array(z.string()),
    }),
  ),
});
export type ApplyReply = z.infer<typeof ApplyReply>;

export const SegmentReply = z.strictObject({
  ...SharedSegment.shape,
  /** `configuration`: of tidegate.yaml, changed there. */
  source: z.enum(['shared', 'configuration']),
});
export const SegmentsReply = z.strictObject({ segments: z.array(SegmentReply) });
export const SegmentRequest = z.strictObject({ ...by, segment: SegmentSpec });
export const RemoveRequest = z.strictObject(by);
export const MemberRequest = z.strictObject({
  ...actor,
  reason: z.string().min(1).default('asked by the person'),
  key: z.string().min(1).max(200),
});
export const SegmentDiffQuery = DiffQuery.omit({ environment: true });
export const SegmentHistoryReply = z.strictObject({
  revisions: z.array(
    z.strictObject({
      revision: z.number(),
      at: z.number(),
      author: z.string(),
      reason: z.string(),
      change: z.string(),
    }),
  ),
});
