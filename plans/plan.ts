import { z } from 'zod';
import { TRANSITIONS } from './journal.ts';
import { Above, Difference, Duration, Percentage, Points, ValueDifference } from './units.ts';

const Name = z
  .string()
  .min(1)
  .max(100)
  .meta({ title: 'name', examples: ['errors'] });
const Key = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/, 'expected letters, digits, dots, dashes and underscores')
  .meta({ title: 'key (letters, digits, dots, dashes, underscores)', examples: ['pricing-v2'] });
const Role = z
  .string()
  .min(1)
  .meta({ title: 'role', examples: ['on-call'] });
const Label = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'expected the name of a label')
  .meta({ title: 'name of a label', examples: ['variant'] });
const Selector = z
  .string()
  .min(1)
  .describe('A Prometheus series selector: a metric name with label matchers.')
  .meta({ title: 'series selector', examples: ['http_requests_total{service="shop"}'] });
const PromQL = z
  .string()
  .min(1)
  .describe('A PromQL expression.')
  .meta({ title: 'PromQL expression', examples: ['sum(increase(legacy_calls_total[1h]))'] });

export const Approval = z.strictObject({
  roles: z.array(Role).min(1).describe('Who may approve.'),
  quorum: z
    .union([z.literal('any'), z.literal('all'), z.int().min(1)])
    .default('any')
    .describe('any: one of the roles; all: each role once; a number: that many different people.'),
  sla: Duration.prefault('4h').describe('How long an answer may take.'),
  then: z.enum(['step-back', 'rollback']).default('step-back').describe('What happens when nobody answers.'),
});
export type Approval = z.infer<typeof Approval>;

const common = {
  name: Name.describe('How limits, overrides, the journal and the dashboards call the metric.'),
  weight: z.number().positive().max(1).optional().describe('Share of the evidence; weights sum to 1.'),
  breakdown: z
    .array(Label)
    .default([])
    .describe('Labels searched for where a regression sits, such as the endpoint; instances always are.'),
};

const margins = {
  soft: Difference.optional().describe('Evidence beyond this difference pauses the rollout.'),
  hard: Difference.optional().describe('A difference beyond this rolls the flag back.'),
  improve: Difference.optional().describe(
    'The canary must be shown to be better by at least this before the next stage opens.',
  ),
};
const valueMargins = {
  soft: ValueDifference.optional().describe(
    'Evidence beyond this difference pauses the rollout; its sign says which direction is worse.',
  ),
  hard: ValueDifference.optional().describe('A difference beyond this rolls the flag back.'),
  improve: ValueDifference.optional().describe(
    'The canary must be shown to be better by at least this before the next stage opens.',
  ),
};

export const RatioMetric = z.strictObject({
  ...common,
  ...margins,
  kind: z.literal('ratio').describe('Events among requests, such as errors or orders.'),
  bad: Selector.optional().describe('Counter of the bad events; more is worse. Exactly one of bad and good.'),
  good: Selector.optional().describe(
    'Counter of the good events; fewer is worse. Exactly one of bad and good.',
  ),
  total: Selector.describe('Counter of all requests.'),
});
export type RatioMetric = z.infer<typeof RatioMetric>;

export const LatencyMetric = z.strictObject({
  ...common,
  ...margins,
  kind: z.literal('latency').describe('Response times from a histogram.'),
  histogram: Selector.describe(
    'The histogram by its own name, without _bucket: native, or of classic buckets.',
  ),
  quantile: z.number().gt(0).lt(1).default(0.95).describe('The quantile compared; 0.95 is p95.'),
});
export type LatencyMetric = z.infer<typeof LatencyMetric>;

export const MeanMetric = z.strictObject({
  ...common,
  ...valueMargins,
  kind: z.literal('mean').describe('The mean of a value, such as revenue per order.'),
  sum: Selector.describe('Counter of the values added up.'),
  count: Selector.describe('Counter of how many there were.'),
});
export type MeanMetric = z.infer<typeof MeanMetric>;

export const GaugeMetric = z.strictObject({
  ...common,
  ...valueMargins,
  kind: z.literal('gauge').describe('A value that goes up and down, such as memory or a score.'),
  gauge: Selector.describe('The gauge; its newest value at each poll counts.'),
  combine: z
    .enum(['mean', 'sum', 'max'])
    .default('mean')
    .describe('How the series of a cohort become one value; a sum grows with the instances.'),
  compare: z
    .enum(['cohorts', 'canary'])
    .default('cohorts')
    .describe('canary: the baseline has no such value, and only limits decide.'),
});
export type GaugeMetric = z.infer<typeof GaugeMetric>;

export const Metric = z.discriminatedUnion('kind', [RatioMetric, LatencyMetric, MeanMetric, GaugeMetric]);
export type Metric = z.infer<typeof Metric>;

export const Limit = z.strictObject({
  name: Name.describe('How the journal and the messages call the limit.'),
  metric: Name.optional().describe('The metric whose value is limited. Exactly one of metric and expr.'),
  expr: PromQL.optional().describe('The expression whose value is limited. Exactly one of metric and expr.'),
  cohort: z.enum(['baseline', 'canary']).default('canary').describe('Whose value of the metric.'),
  above: Above.describe(
    'Fires above this: a rate, seconds, a value in its own unit, or a multiple of the baseline.',
  ),
  for: Duration.prefault('0s').describe('How long the value must stay above.'),
  action: z.enum(['pause', 'rollback']).default('pause').describe('What happens then.'),
});
export type Limit = z.infer<typeof Limit>;

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
});
export type Coverage = z.infer<typeof Coverage>;

/** A stage does not say of which kind its metric is: both forms, and the review holds them against the metric. */
const AnyDifference = z.union([Difference, ValueDifference]);

const Override = z.strictObject({
  soft: AnyDifference.optional().describe('In place of the soft margin of the metric.'),
  hard: AnyDifference.optional().describe('In place of the hard margin of the metric.'),
  improve: AnyDifference.optional().describe('In place of the improvement that the metric asks for.'),
});

export const Stage = z.strictObject({
  name: Name.describe('How people and the journal call the stage.'),
  audience: z
    .strictObject({ segments: z.array(z.string().min(1)).min(1).describe('Segments of tidegate.yaml.') })
    .optional()
    .describe('Who gets the canary beside the percentage, from this stage on.'),
  percent: z
    .number()
    .gt(0)
    .max(100)
    .optional()
    .describe('Share of everyone who gets the canary, in percent.')
    .meta({ title: 'number of percent', examples: [1, 5, 25, 50, 100] }),
  decommission: z
    .strictObject({
      cleanFor: Duration.prefault('7d').describe('How long the old path must be seen unused.'),
      unused: PromQL.optional().describe('Calls of the old path; the stage ends when it stays 0.'),
    })
    .optional()
    .describe('The named point of no return: the old path is seen unused, then the rollout is complete.'),
  bake: Duration.prefault('24h').describe('Minimum time in this stage.'),
  max: Duration.optional().describe(
    'Time after which a gate that still holds asks a person. Default: twice the bake time.',
  ),
  minRequests: z.int().min(0).optional().describe('Requests of the canary that the gate must have seen.'),
  minUsers: z.int().min(0).optional().describe('Distinct users of the canary that the gate must have seen.'),
  metrics: z.record(z.string(), Override).default({}).describe('Margins of metrics in this stage, by name.'),
  promote: z
    .strictObject({ proof: Points.describe('The canary is worse by less than this, shown with evidence.') })
    .optional()
    .describe('Asks for proof of safety before the next stage opens.'),
  approval: Approval.optional().describe('Who must agree before the next stage opens.'),
  coverage: z
    .array(Coverage)
    .optional()
    .describe('Slices that must have been seen before the next stage opens; in place of those at the top.'),
  lease: Duration.optional().describe('Refused by this version.'),
});
export type Stage = z.infer<typeof Stage>;

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
  }),
  environment: Key.default('production').describe(
    'Where the flag lives; one active rollout per flag and environment.',
  ),
  mode: z
    .enum(['act', 'observe'])
    .default('act')
    .describe('observe: move nothing, say what would have been done; refused by this version.'),
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
      .describe('The platform that holds the flag; this version has no other.'),
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
  }),
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
      restart: Duration.prefault('5m').describe('Unit of the ruler of restarts.'),
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
      noData: NoData.prefault({}).describe('When the metrics cannot be read.'),
      pause: Pause.prefault({}).describe('What happens when nobody answers a pause.'),
      sharedService: z
        .enum(['note', 'wait'])
        .default('note')
        .describe('When another rollout of the service is active.'),
    })
    .prefault({})
    .describe('What is done at a verdict.'),
  stages: z.array(Stage).min(1).describe('From the first to the last; exposure only grows.'),
  coverage: z
    .array(Coverage)
    .default([])
    .describe(
      'Slices that every compared stage must see before the next one opens; each decides for itself.',
    ),
  approval: Approval.optional().describe('For every stage without its own.'),
  lease: Duration.optional().describe('Refused by this version.'),
  windows: z
    .strictObject({
      timezone: z
        .string()

        .default('UTC')
        .describe('Whose hours and days.')
        .meta({ examples: ['Europe/Berlin'] }),
      allow: z
        .array(z.string().meta({ examples: ['Mon-Thu 09:00-16:00'] }))
        .default([])
        .describe('Days and hours, such as Mon-Thu 09:00-16:00; none: always.'),
      freezes: z
        .array(z.strictObject({ from: z.iso.date(), to: z.iso.date() }))
        .default([])
        .describe('Closed as whole days, the last one included.'),
    })
    .optional()
    .describe('When the exposure may rise. Stops, rollbacks and kills never wait.'),
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
    })
    .prefault({})
    .describe('What an alert from outside does.'),
  notify: z
    .array(
      z.strictObject({
        channel: z.string().min(1).describe('A channel of tidegate.yaml.'),
        events: z.array(z.enum(TRANSITIONS)).min(1),
      }),
    )
    .default([])
    .describe('Who is told what.'),
});
export type Plan = z.infer<typeof Plan>;
