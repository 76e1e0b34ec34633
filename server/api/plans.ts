import { z } from 'zod';
import { Quorum } from '../../plans/approval.ts';
import { Phase } from '../../plans/view.ts';

export const CheckRequest = z.strictObject({
  text: z.string(),
  file: z.string().default('plan.yaml'),
  /** Try its queries against its source, too, and ask the databases for its tenants: for whoever may submit it. */
  queries: z.boolean().default(false),
  /** The rollout whose plan it would become: what differs from the present one. */
  amends: z.string().min(1).max(200).optional(),
  /** A rollout whose plan it is held against. Default: the flag's last one. */
  against: z.string().min(1).max(200).optional(),
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
  /** What the rule is there for. */
  why: z.string(),
  /** How to mend it here, else what the rule asks for in general; empty where only the author can know. */
  mend: z.string(),
  /** The entry of the plan's `allow` that accepts it, with a reason to be written; null: it cannot be allowed. */
  allow: z.string().nullable(),
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
      /** The database that is asked for its tenants at the submit; null: none, or it has answered. */
      tenantsFrom: z.string().nullable(),
      /** True: the old path is watched until nobody uses it. */
      decommission: z.boolean(),
      /** How long the stage takes at least. */
      takes: z.number(),
      /** Who must agree before the next one opens. */
      roles: z.array(z.string()),
      quorum: Quorum,
    }),
  ),
  /** Who must agree before the first stage opens. */
  startRoles: z.array(z.string()),
  startQuorum: Quorum,
  /** When its start and its windows let it begin; null: now. */
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

/** Who the tenants of a stage are that a database was asked for. */
export const PlanTenants = z.strictObject({
  stage: z.string(),
  /** `crm: select tenant from customers`. */
  asked: z.string(),
  /** The names of each wave; of a stage without waves all in one. */
  waves: z.array(z.array(z.string())),
  /** Of the question; null: an amendment that asks the same keeps the tenants of the rollout. */
  seconds: z.number().nullable(),
  text: z.string(),
});
export type PlanTenants = z.infer<typeof PlanTenants>;

export const PlanDifference = z.strictObject({
  /** `stages[5%].bake: 3600 → 7200`. */
  text: z.string(),
  /** True: it might let through what would have been stopped, and waits for a second person. */
  loosens: z.boolean(),
});
export type PlanDifference = z.infer<typeof PlanDifference>;

export const PlanDifferenceQuery = z.strictObject({
  /** Another rollout. Default: the flag's last one before it. */
  against: z.string().min(1).max(200).optional(),
});
/** A rollout's plan beside that of another. `before` null: the flag had none. */
export const PlanComparisonReply = z.strictObject({
  id: z.string(),
  /** As its author wrote it. */
  text: z.string(),
  before: z
    .strictObject({
      id: z.string(),
      text: z.string(),
      phase: Phase,
      submittedAt: z.number(),
      endedAt: z.number().nullable(),
    })
    .nullable(),
  differences: z.array(PlanDifference),
});
export type PlanComparisonReply = z.infer<typeof PlanComparisonReply>;

/** `errors` and `warnings`: findings as `file:line:column: what is wrong. what to write instead`, all of them. */
export const CheckReply = z.strictObject({
  ok: z.boolean(),
  errors: z.array(z.string()),
  warnings: z.array(z.string()),
  /** The same in parts. */
  findings: z.array(PlanFinding),
  /** Risks that the plan allows, with its reasons. */
  allowed: z.array(PlanFinding.extend({ reason: z.string() })),
  /** What databases say of its tenants; null: they were not asked. */
  tenants: z.array(PlanTenants).nullable(),
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
  /** What differs from the plan of `against`, else of the flag's last rollout; null: there is none to be seen, or the plan has errors. */
  last: z.strictObject({ id: z.string(), phase: Phase, differences: z.array(PlanDifference) }).nullable(),
});
export type CheckReply = z.infer<typeof CheckReply>;
