import { z } from 'zod';

const actor = { by: z.string().min(1).optional(), roles: z.array(z.string()).optional() };

export const RetryRequest = z.strictObject({
  ...actor,
  /** The stage to begin at. Default: the first. Above it, that of the earlier rollout whose gates below had passed. */
  from: z.string().min(1).optional(),
  /** What was mended; approvers see it. */
  reason: z.string().min(1),
  /** An amended plan. Default: the plan of the earlier rollout as it was last. */
  text: z.string().optional(),
  file: z.string().default('plan.yaml'),
  /** What stands behind the canary now: `metadata.build` of the retry's plan. Default: what that says. */
  build: z.string().min(1).max(200).optional(),
  /** Of a soft stop of the same build: the difference that is accepted, in the unit of the estimate; `shown`: the bound that was seen. */
  accept: z.union([z.number(), z.literal('shown')]).optional(),
});

export type RetryRequest = z.input<typeof RetryRequest>;

export const RetryReply = z.strictObject({
  id: z.string(),
  /** The rollout that it goes on after, and what had stopped that. */
  of: z.string(),
  cause: z.string(),
  stage: z.string(),
  changes: z.array(z.string()),
  /** What it goes on with of the evidence against its build, or that it begins anew, in a sentence. */
  evidence: z.string(),
  warnings: z.array(z.string()),
  notes: z.array(z.string()).default([]),
});
export type RetryReply = z.infer<typeof RetryReply>;

export const SupersedeRequest = z.strictObject({
  ...actor,
  text: z.string(),
  file: z.string().default('plan.yaml'),
  reason: z.string().min(1),
  /** False: nothing is done, and the answer says what would be. */
  confirm: z.boolean().default(false),
});

export const SupersedeReply = z.strictObject({
  of: z.string(),
  /** What users will see, one sentence each. */
  sees: z.array(z.string()),
  /** The new rollout; null: nothing was done yet. */
  id: z.string().nullable(),
  warnings: z.array(z.string()),
});
export type SupersedeReply = z.infer<typeof SupersedeReply>;

/** `text`: the plan, with `reasons` carried out; as it was where there are none. `left`: for a person to decide. */
export const ProposalReply = z.strictObject({
  id: z.string(),
  text: z.string(),
  reasons: z.array(z.string()),
  left: z.array(z.string()),
});
export type ProposalReply = z.infer<typeof ProposalReply>;
