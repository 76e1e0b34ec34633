import { z } from 'zod';

export const CheckRequest = z.strictObject({
  text: z.string(),
  file: z.string().default('plan.yaml'),
  /** Try its queries against its source, too: for whoever may submit it. */
  queries: z.boolean().default(false),
  /** The rollout whose plan it would become: what differs from the present one. */
  amends: z.string().min(1).max(200).optional(),
});

export const PlanFinding = z.strictObject({
  severity: z.enum(['error', 'warning']),
  rule: z.string(),
  /** From 1. */
  line: z.number(),
  column: z.number(),
  path: z.string(),
  message: z.string(),
  /** What to write instead; empty where only the author can know. */
  instead: z.string(),
});
export type PlanFinding = z.infer<typeof PlanFinding>;

/** What a submit of the plan would come to now. Durations are seconds, times milliseconds since 1970. */
export const PlanOutlook = z.strictObject({
  name: z.string(),
  title: z.string().nullable(),
  environment: z.string(),
  flag: z.string(),
  mode: z.enum(['act', 'observe']),
  stages: z.array(
    z.strictObject({
      name: z.string(),
      percent: z.number(),
      segments: z.array(z.string()),
      /** True: the old path is watched until nobody uses it. */
      decommission: z.boolean(),
      /** How long the stage takes at least. */
      takes: z.number(),
      /** Who must agree before the next one opens. */
      roles: z.array(z.string()),
    }),
  ),
  /** Who must agree before the first stage opens. */
  startRoles: z.array(z.string()),
  /** When windows let it begin; null: now. */
  opensAt: z.number().nullable(),
  timezone: z.string().nullable(),
  /** The rollout that moves this flag already, which a submit waits for. */
  active: z.string().nullable(),
  /** A kill that holds the flag. */
  latch: z.strictObject({ by: z.string(), reason: z.string() }).nullable(),
  /** Whether the sender may submit it. */
  maySubmit: z.boolean(),
});
export type PlanOutlook = z.infer<typeof PlanOutlook>;

export const PlanDifference = z.strictObject({
  /** `stages[5%].bake: 3600 → 7200`. */
  text: z.string(),
  /** True: it might let through what would have been stopped, and waits for a second person. */
  loosens: z.boolean(),
});
export type PlanDifference = z.infer<typeof PlanDifference>;

/** `errors` and `warnings`: findings as `file:line:column: what is wrong. what to write instead`, all of them. */
export const CheckReply = z.strictObject({
  ok: z.boolean(),
  errors: z.array(z.string()),
  warnings: z.array(z.string()),
  /** The same in parts. */
  findings: z.array(PlanFinding),
  /** Null: the plan has errors. */
  outlook: PlanOutlook.nullable(),
  /** What its source says of its queries; null: it was not asked. */
  queries: z
    .array(
      z.strictObject({
        metric: z.string(),
        query: z.string(),
        kind: z.enum(['refused', 'no-baseline', 'no-canary', 'slow-scrape', 'uses']),
        detail: z.string(),
      }),
    )
    .nullable(),
  /** With `amends`; null: the plan has errors. */
  differences: z.array(PlanDifference).nullable(),
});
export type CheckReply = z.infer<typeof CheckReply>;
