import { z } from 'zod';
import { Allowance } from './allowance.ts';
import { Approval } from './approval.ts';
import { Before } from './before.ts';
import { Exclusions } from './exclusion-limits.ts';
import { Limit } from './limit.ts';
import { Metric } from './metric.ts';
import { Migration } from './migration.ts';
import { Key, Label, Name, Selector } from './names.ts';
import { Requirement } from './requirement.ts';
import { Coverage, Stage, Tenants } from './stage.ts';
import { Subscription } from './subscription.ts';
import { Deadline, PlanWindows, Retry, StartTime } from './timing.ts';
import { Duration, Percentage } from './units.ts';

const SafeExposure = z.union([z.literal('frozen'), z.strictObject({ variant: Name })]);

const NoData = z.strictObject({
  after: Duration.prefault('10m').describe('How long the data may be missing.'),
  then: z.enum(['pause', 'rollback']).default('pause'),
});
const Pause = z.strictObject({
  deadline: Duration.prefault('4h').describe('How long a pause waits for a person.'),
  then: z.enum(['step-back', 'rollback']).default('step-back'),
});

export const Plan = z.strictObject({
  apiVersion: z.literal('tidegate/v1').default('tidegate/v1'),
  kind: z.literal('RolloutPlan').default('RolloutPlan'),
  metadata: z.strictObject({
    name: Key.describe('The name of the rollout.'),
    title: z.string().optional().describe('What is rolled out, in a few words.'),
    owner: z.string().optional().describe('The team to ask.'),
    ticket: z.string().optional().describe('Where the change is described.'),
    risk: z
      .enum(['low', 'medium', 'high', 'critical'])
      .default('medium')
      .describe('For people: nothing depends on it.'),
    service: z.string().min(1).optional().describe('The service whose rollouts must see each other.'),
    build: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe(
        'What stands behind the canary: an image, a version or a commit. A retry of the same build, also by a submit, goes on with the evidence against it.',
      ),
  }),
  environment: Key.default('production').describe(
    'Where the flag lives; one active rollout per flag and environment.',
  ),
  mode: z
    .enum(['act', 'observe'])
    .default('act')
    .describe('observe: move nothing, and say what would have been done beside what others do.'),
  reversibility: z
    .enum(['reversible', 'forward-only'])
    .default('reversible')
    .describe('forward-only: the canary writes data that the old path cannot read.'),
  safeExposure: SafeExposure.optional().describe('Where a stop ends when the plan is forward-only.'),
  flag: z.strictObject({
    key: Key.describe('The key of the flag.'),
    provider: z
      .string()
      .default('embedded')
      .describe(
        'Who serves the flag: Tidegate itself, or one of `providers` in tidegate.yaml; `told`: what it serves is told by API, in `mode: observe`.',
      ),
    baseline: Name.default('off').describe('The variant of the old path.'),
    canary: Name.default('on').describe('The variant of the new path.'),
    variants: z
      .record(z.string(), z.json())
      .optional()
      .describe('The values of the variants. Default: false and true.'),
    stickiness: z
      .string()
      .min(1)
      .default('targetingKey')
      .describe('The attribute that keeps a user in a cohort.'),
    expires: z.iso
      .date()
      .optional()
      .describe(
        'The day by which the flag should be gone; a flag that the rollout makes carries it. Default there: 90 days after the least time of all stages.',
      )
      .meta({ examples: ['2027-06-30'] }),
    flagSet: Key.optional().describe(
      'The flag set of a flag that the rollout makes: a named part of the environment that clients can ask for alone.',
    ),
    tenant: z
      .string()
      .regex(/^[^$\s=][^\s=]*$/, 'expected the name of an attribute')
      .optional()
      .describe('The attribute of the context that names the tenant of a user. Default: `tenant`.')
      .meta({ title: 'attribute of the context', examples: ['tenant'] }),
  }),
  migration: Migration.optional().describe('The rollout migrates data: how they stay whole.'),
  source: z
    .strictObject({
      prometheus: z.string().default('default').describe('A source of tidegate.yaml.'),
      poll: Duration.prefault('15s').describe('Time from one look at the metrics to the next.'),
      cohorts: z
        .union([
          z.strictObject({ label: Label, baseline: z.string().min(1), canary: z.string().min(1) }),
          z.strictObject({
            baseline: z.string().min(1).describe('Label matchers, such as deployment="stable".'),
            canary: z.string().min(1).describe('Label matchers, such as deployment="canary".'),
          }),
        ])
        .default({ label: 'variant', baseline: 'off', canary: 'on' })
        .describe('What tells the series of the two cohorts apart: a label, or matchers.'),
      users: Selector.optional().describe(
        'A gauge of distinct users per cohort since the flag last changed.',
      ),
      replicas: Label.default('instance').describe('The label that tells instances apart.'),
    })
    .prefault({})
    .describe('Where the metrics come from.'),
  metrics: z.array(Metric).min(1).describe('What is compared between the cohorts.'),
  limits: z.array(Limit).default([]).describe('Fixed limits beside the comparison.'),
  analysis: z
    .strictObject({
      falseRollback: Percentage.prefault('1%').describe(
        'Chance of a stop without a regression, over the whole rollout.',
      ),
      falsePromote: Percentage.prefault('5%').describe('Chance of a proof of safety that is wrong.'),
      noise: z
        .number()
        .min(0)
        .default(0.3)
        .describe('How much equal cohorts differ, while it cannot be measured.'),
      canaryNoise: z
        .number()
        .min(1)
        .max(10)
        .optional()
        .describe(
          'How many times as noisy as one of the baseline an instance of the canary may be, while it cannot be measured, before a stop waits until that is ruled out; 1: no stop waits. Default: 2.5 where the baseline has more than 2.5 instances for each of the canary, or about two and noise that may last from poll to poll, else 1.',
        ),
      restart: Duration.prefault('5m').describe('Unit of the ruler of restarts.'),
      stageWeights: z
        .enum(['carried', 'even'])
        .default('carried')
        .describe(
          'How stages share `falseRollback`: carried: more where the canary is small, and what a stage did not use goes to the next; even: the same for each.',
        ),
    })
    .prefault({})
    .describe('How sure the analysis must be.'),
  policy: z
    .strictObject({
      soft: z
        .enum(['pause', 'rollback', 'step-back'])
        .default('pause')
        .describe('At evidence beyond a soft margin.'),
      hard: z
        .enum(['rollback', 'pause'])
        .default('rollback')
        .describe('At a difference beyond a hard margin.'),
      rollback: z
        .enum(['immediate', 'progressive'])
        .optional()
        .describe(
          'Of a soft stop with `soft: rollback` and of a person: progressive goes down stage by stage, for an old path that has grown cold. A hard stop and a kill are always immediate. Default: immediate.',
        ),
      every: Duration.optional().describe(
        'Time from one step of a progressive rollback to the next. Default: 10m.',
      ),
      retry: Retry.optional().describe(
        'After a step back by `soft: step-back`: when it goes up again by itself.',
      ),
      checks: z
        .strictObject({
          every: Duration.prefault('5m').describe('Time from one try to the next.'),
        })
        .optional()
        .describe('When the checks of a stage that have failed are asked again by themselves.'),
      exclusions: Exclusions.optional().describe(
        'With `coverage[].then: exclude`: how much may be taken off the canary before the whole rollout stops.',
      ),
      noData: NoData.prefault({}).describe('When the metrics cannot be read.'),
      pause: Pause.prefault({}).describe('What happens when nobody answers a pause.'),
      sharedService: z
        .enum(['apart', 'wait', 'note'])
        .default('apart')
        .describe(
          'When another rollout of the service is active. `apart` waits before each stage for the older ones that a metric of either counts together with this one, `wait` for all older ones, `note` for none; the submit says which metrics those are.',
        ),
      perService: z
        .int()
        .min(1)
        .max(100)
        .optional()
        .describe(
          'Most active rollouts of `metadata.service`, this one included: beyond it the first stage waits until enough of the older ones have ended.',
        )
        .meta({ examples: [2] }),
    })
    .prefault({})
    .describe('What is done at a verdict.'),
  stages: z.array(Stage).min(1).describe('From the first to the last; exposure only grows.'),
  exclude: z
    .strictObject({
      segments: z.array(z.string().min(1)).min(1).optional().describe('Segments of tidegate.yaml.'),
      tenants: Tenants.optional().describe(
        'Tenants by their names, as `flag.tenant` of the context has them.',
      ),
    })
    .optional()
    .describe('Who never has the canary in this rollout, whatever a stage would give them.'),
  coverage: z
    .array(Coverage)
    .default([])
    .describe(
      'Slices that every compared stage must see before the next one opens; each decides for itself.',
    ),
  approval: Approval.optional().describe('For every stage without its own.'),
  lease: Duration.optional().describe(
    'Time after which the flag goes back by itself to the last proven stage unless a healthy gate has renewed it, as it does every third of that time. Default: no lease.',
  ),
  windows: PlanWindows.optional().describe(
    'When the exposure may rise. Stops, rollbacks and kills never wait.',
  ),
  requires: z
    .array(Requirement)
    .min(1)
    .max(20)
    .optional()
    .describe('How far other rollouts must have got before any stage of this one opens.'),
  before: Before.optional().describe(
    'What must hold before the first stage opens, beside the approval of the start.',
  ),
  start: StartTime.optional().describe('When the rollout begins.'),
  deadline: Deadline.optional().describe(
    'When the whole rollout is to be over, and what happens where it is not.',
  ),
  approvals: z
    .strictObject({ start: Approval.optional().describe('Who must agree before the first stage opens.') })
    .prefault({})
    .describe('Who must agree beside the stages.'),
  alerts: z
    .strictObject({
      canary: z
        .enum(['rollback', 'pause'])
        .default('rollback')
        .describe('At an alert about the canary alone.'),
      service: z
        .enum(['rollback', 'pause', 'note'])
        .default('pause')
        .describe('At an alert about the whole service.'),
      deploy: z
        .enum(['pause', 'note'])
        .default('note')
        .describe('When another deployment of the service happens meanwhile.'),
      bug: z
        .enum(['rollback', 'pause', 'note'])
        .default('pause')
        .describe('When somebody reports a critical bug in the new path.'),
    })
    .prefault({})
    .describe('What an alert from outside does.'),
  notify: z.array(Subscription).default([]).describe('Who is told what.'),
  allow: z
    .array(Allowance)
    .default([])
    .describe('Risks that `plan check` finds and that are taken on purpose, each with its reason.'),
});
export type Plan = z.infer<typeof Plan>;
