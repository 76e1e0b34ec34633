import { z } from 'zod';
import { Approval } from './approval.ts';
import { ReferenceRule } from './flag/references.ts';
import { Name, PromQL, Role } from './names.ts';
import { Step, USUAL_STEPS } from './steps.ts';
import { MOST_TENANTS, TenantQuery } from './tenant-query.ts';
import { StageEntry } from './timing.ts';
import { Difference, Duration, Percentage, Points, ValueDifference } from './units.ts';

export const Coverage = z.strictObject({
  slice: z
    .string()
    .regex(/^[a-zA-Z_]\w*=.+$/, 'expected label=value')
    .describe('Label and value of the series, such as tier=enterprise.')
    .meta({ title: 'slice', examples: ['tier=enterprise'] }),
  minUsers: z
    .int()
    .min(1)
    .optional()
    .describe('Distinct users of the canary in the slice, where source.users has the label.'),
  minRequests: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Requests of the canary in the slice. Default where its users are not counted: 10 for each of minUsers, else 1,000.',
    ),
  metrics: z
    .array(Name)
    .min(1)
    .optional()
    .describe('Ratios and latencies whose series have the label. Default: all with a margin.'),
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  then: z
    .enum(['stop', 'exclude'])
    .default('stop')
    .describe(
      'When the slice alone gets worse: `stop` stops the rollout as any metric does, `exclude` takes the slice off the canary and goes on with the rest.',
    ),
  segment: z
    .string()
    .min(1)
    .optional()
    .describe(
      'With `exclude`: the segment of tidegate.yaml that is taken off. Default: whoever has the value of the slice in the attribute of that name.',
    )
    .meta({ examples: ['big-customers'] }),
});
export type Coverage = z.infer<typeof Coverage>;

/** A stage does not say of which kind its metric is: both forms, and the review holds them against the metric. */
const AnyDifference = z.union([Difference, ValueDifference]);

const Parity = Percentage.prefault('0%').describe(
  'Share of the compared requests in which both paths may differ, or the new one fail, before it pauses.',
);

const Override = z.strictObject({
  soft: AnyDifference.optional().describe('In place of the soft margin of the metric.'),
  hard: AnyDifference.optional().describe('In place of the hard margin of the metric.'),
  improve: AnyDifference.optional().describe('In place of the improvement that the metric asks for.'),
});

export const Tenants = z.array(z.string().min(1).max(200)).min(1).max(MOST_TENANTS);

export const Waves = z.strictObject({
  of: Tenants.optional().describe('Every tenant that gets the canary in one of the waves.'),
  from: TenantQuery.optional().describe(
    'In place of `of`: what a database says when the plan is submitted; the rollout keeps it.',
  ),
  size: z.int().min(1).optional().describe('Tenants of one wave.'),
  share: z
    .array(Percentage)
    .min(1)
    .max(100)
    .optional()
    .describe(
      'In place of `size`: how much of the weight of all these tenants may have the canary in each wave, the smallest first.',
    ),
  order: Tenants.optional().describe(
    'Those of them that come first, in this order; the others as `of` or the query has them, with `share` by weight.',
  ),
});
export type Waves = z.infer<typeof Waves>;

export const Stage = z.strictObject({
  name: Name.describe('How people and the journal call the stage.'),
  audience: z
    .strictObject({
      segments: z.array(z.string().min(1)).min(1).optional().describe('Segments of tidegate.yaml.'),
      tenants: Tenants.optional().describe(
        'Tenants by their names, as `flag.tenant` of the context has them.',
      ),
      tenantsFrom: TenantQuery.optional().describe(
        'In place of `tenants`: what a database says when the plan is submitted; the rollout keeps it.',
      ),
    })
    .optional()
    .describe('Who gets the canary beside the percentage, from this stage on.'),
  percent: z
    .number()
    .gt(0)
    .max(100)
    .optional()
    .describe('Share of everyone who gets the canary, in percent.')
    .meta({ title: 'number of percent', examples: [1, 5, 25, 50, 100] }),
  waves: Waves.optional().describe(
    'Tenants in groups, one after the other: it becomes a stage for each group when the plan is submitted.',
  ),
  shadow: z
    .strictObject({ parity: Parity })
    .optional()
    .describe('Nobody is served: `tidegate/client` runs the new path behind every request of the old one.'),
  aa: z
    .strictObject({
      percent: z
        .number()
        .gt(0)
        .lt(100)
        .default(5)
        .describe('Share of everyone who is counted as the canary, in percent.'),
    })
    .optional()
    .describe(
      'Nobody is served, and the new path runs nowhere: `tidegate/client` counts a share of the users as the canary.',
    ),
  dark: z
    .strictObject({
      percent: z
        .number()
        .gt(0)
        .max(100)
        .default(10)
        .describe('Share of everyone behind whose requests the new path runs, in percent.'),
      parity: Parity,
    })
    .optional()
    .describe('The same as `shadow` for a share of the users, who stay the same ones.'),
  decommission: z
    .strictObject({
      cleanFor: Duration.prefault('7d').describe('How long the old path must be seen unused.'),
      unused: PromQL.optional().describe('Calls of the old path; the stage ends when it stays 0.'),
      confirm: z
        .strictObject({
          roles: z
            .array(Role)
            .min(1)
            .optional()
            .describe('Who may confirm it. Default: whoever approves the start, else the stages.'),
        })
        .prefault({})
        .describe('The point of no return is confirmed by a person, never by who submitted the plan.'),
      steps: z
        .array(Step)
        .max(50)
        .refine(
          (steps) => new Set(steps.map(({ name }) => name)).size === steps.length,
          'two steps have one name',
        )
        .prefault(USUAL_STEPS)
        .describe('What is left behind the point of no return, with reminders. `[]`: nothing.'),
      runbook: z
        .string()
        .min(1)
        .max(500)
        .optional()
        .describe(
          'The way back by code, as an address or in words: a kill behind the point of no return names it.',
        )
        .meta({ examples: ['https://wiki.example.com/pricing/roll-back'] }),
      references: ReferenceRule.optional().describe(
        'What `tidegate flags references --report` told of the code. `reported` (default): the step of kind `code`, or without one the stage, holds while the last report of any repository names the flag; `required`: also until there is one; `ignored`: it does not matter.',
      ),
    })
    .optional()
    .describe('The named point of no return: the old path is seen unused, then the rollout is complete.'),
  bake: Duration.prefault('24h').describe('Minimum time in this stage.'),
  max: Duration.optional().describe(
    'Time after which a gate that still holds asks a person. Default: twice the bake time.',
  ),
  minRequests: z.int().min(0).optional().describe('Requests of the canary that the gate must have seen.'),
  minUsers: z.int().min(0).optional().describe('Distinct users of the canary that the gate must have seen.'),
  maxUsers: z
    .int()
    .min(1)
    .optional()
    .describe('Distinct users of the canary, as source.users counts them, beyond which the stage pauses.'),
  metrics: z.record(z.string(), Override).default({}).describe('Margins of metrics in this stage, by name.'),
  promote: z
    .strictObject({
      proof: Points.describe('The canary is worse by less than this, shown with evidence.'),
      early: Duration.optional().describe('In place of `bake` once the proof is there: it goes on sooner.'),
    })
    .optional()
    .describe('Asks for proof of safety before the next stage opens.'),
  approval: Approval.optional().describe('Who must agree before the next stage opens.'),
  coverage: z
    .array(Coverage)
    .optional()
    .describe('Slices that must have been seen before the next stage opens; in place of those at the top.'),
  lease: Duration.optional().describe('In place of the `lease` at the top, in this stage.'),
  ...StageEntry,
});
export type Stage = z.infer<typeof Stage>;
