import { z } from 'zod';
import { Above, Difference, Duration, Percentage, Points } from './units.ts';

const Name = z.string().min(1).max(100);
const Key = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/i, 'expected letters, digits, dots, dashes and underscores');
const Role = z.string().min(1);
const Selector = z.string().min(1).describe('A Prometheus series selector: a metric name with label matchers.');
const PromQL = z.string().min(1).describe('A PromQL expression.');

export const Approval = z.strictObject({
  roles: z.array(Role).min(1).describe('Who may approve.'),
  quorum: z
    .union([z.literal('any'), z.literal('all'), z.int().min(1)])
    .default('any')
    .describe('any: one of the roles; all: each role once; a number: that many different people.'),
  sla: Duration.default(14_400).describe('How long an answer may take.'),
  then: z.enum(['step-back', 'rollback']).default('step-back').describe('What happens when nobody answers.'),
});
export type Approval = z.infer<typeof Approval>;

const common = {
  name: Name,
  soft: Difference.optional().describe('Evidence beyond this difference pauses the rollout.'),
  hard: Difference.optional().describe('A difference beyond this rolls the flag back.'),
  weight: z.number().positive().max(1).optional().describe('Share of the evidence; weights sum to 1.'),
  breakdown: z.array(z.string().min(1)).default([]).describe('Labels searched for where a regression sits.'),
};

export const RatioMetric = z.strictObject({
  ...common,
  kind: z.literal('ratio'),
  bad: Selector.optional(),
  good: Selector.optional(),
  total: Selector,
});
export type RatioMetric = z.infer<typeof RatioMetric>;

export const LatencyMetric = z.strictObject({
  ...common,
  kind: z.literal('latency'),
  histogram: Selector,
  quantile: z.number().gt(0).lt(1).default(0.95),
});
export type LatencyMetric = z.infer<typeof LatencyMetric>;

export const Metric = z.discriminatedUnion('kind', [RatioMetric, LatencyMetric]);
export type Metric = z.infer<typeof Metric>;

export const Limit = z.strictObject({
  name: Name,
  metric: Name.optional(),
  expr: PromQL.optional(),
  cohort: z.enum(['baseline', 'canary']).default('canary'),
  above: Above,
  for: Duration.default(0),
  action: z.enum(['pause', 'rollback']).default('pause'),
});
export type Limit = z.infer<typeof Limit>;

export const Coverage = z.strictObject({
  slice: z.string().regex(/^[a-zA-Z_]\w*=.+$/, 'expected label=value'),
  minUsers: z.int().min(1),
});
export type Coverage = z.infer<typeof Coverage>;

const Override = z.strictObject({ soft: Difference.optional(), hard: Difference.optional() });

export const Stage = z.strictObject({
  name: Name,
  audience: z.strictObject({ segments: z.array(z.string().min(1)).min(1) }).optional(),
  percent: z.number().gt(0).max(100).optional(),
  decommission: z
    .strictObject({ cleanFor: Duration.default(604_800), unused: PromQL.optional() })
    .optional()
    .describe('The named point of no return: the old path is seen unused, then the rollout is complete.'),
  bake: Duration.default(86_400).describe('Minimum time in this stage.'),
  max: Duration.optional().describe('Time after which a gate that still holds asks a person. Default: twice the bake time.'),
  minRequests: z.int().min(0).optional(),
  minUsers: z.int().min(0).optional(),
  metrics: z.record(z.string(), Override).default({}),
  promote: z.strictObject({ proof: Points }).optional(),
  approval: Approval.optional(),
  coverage: z.array(Coverage).optional(),
  lease: Duration.optional(),
});
export type Stage = z.infer<typeof Stage>;

const SafeExposure = z.union([z.literal('frozen'), z.strictObject({ variant: Name })]);

export const Plan = z.strictObject({
  apiVersion: z.literal('tidegate/v1').default('tidegate/v1'),
  kind: z.literal('RolloutPlan').default('RolloutPlan'),
  metadata: z.strictObject({
    name: Key,
    title: z.string().optional(),
    owner: z.string().optional(),
    ticket: z.string().optional(),
    risk: z.enum(['low', 'medium', 'high', 'critical']).default('medium'),
    service: z.string().optional().describe('The service whose rollouts must see each other.'),
  }),
  environment: Key.default('production'),
  mode: z.enum(['act', 'observe']).default('act'),
  reversibility: z.enum(['reversible', 'forward-only']).default('reversible'),
  safeExposure: SafeExposure.optional().describe('Where a stop ends when the plan is forward-only.'),
  flag: z.strictObject({
    key: Key,
    provider: z.string().default('embedded'),
    baseline: Name.default('off'),
    canary: Name.default('on'),
    variants: z.record(z.string(), z.json()).optional(),
    stickiness: z.string().default('targetingKey'),
  }),
  source: z
    .strictObject({
      prometheus: z.string().default('default'),
      poll: Duration.default(15),
      cohorts: z
        .union([
          z.strictObject({ label: z.string(), baseline: z.string(), canary: z.string() }),
          z.strictObject({ baseline: z.string(), canary: z.string() }),
        ])
        .default({ label: 'variant', baseline: 'off', canary: 'on' }),
      users: Selector.optional().describe('A gauge of distinct users per cohort.'),
      replicas: z.string().default('instance').describe('The label that tells instances apart.'),
    })
    .prefault({}),
  metrics: z.array(Metric).min(1),
  limits: z.array(Limit).default([]),
  analysis: z
    .strictObject({
      falseRollback: Percentage.default(0.01),
      falsePromote: Percentage.default(0.05),
      noise: z.number().min(0).default(0.3),
      restart: Duration.default(300).describe('Unit of the ruler of restarts.'),
    })
    .prefault({}),
  policy: z
    .strictObject({
      soft: z.enum(['pause', 'rollback', 'step-back']).default('pause'),
      hard: z.enum(['rollback', 'pause']).default('rollback'),
      noData: z
        .strictObject({ after: Duration.default(600), then: z.enum(['pause', 'rollback']).default('pause') })
        .prefault({}),
      pause: z
        .strictObject({ deadline: Duration.default(14_400), then: z.enum(['step-back', 'rollback']).default('step-back') })
        .prefault({})
        .describe('What happens when nobody answers a pause.'),
      sharedService: z.enum(['note', 'wait']).default('note').describe('When another rollout of the service is active.'),
    })
    .prefault({}),
  stages: z.array(Stage).min(1),
  coverage: z.array(Coverage).default([]),
  approval: Approval.optional(),
  lease: Duration.optional(),
  windows: z
    .strictObject({
      timezone: z.string().default('UTC'),
      allow: z.array(z.string()).default([]),
      freezes: z.array(z.strictObject({ from: z.iso.date(), to: z.iso.date() })).default([]),
    })
    .optional(),
  approvals: z.strictObject({ start: Approval.optional() }).prefault({}),
  alerts: z
    .strictObject({ canary: z.enum(['rollback', 'pause']).default('rollback'), service: z.enum(['rollback', 'pause', 'note']).default('pause') })
    .prefault({}),
  notify: z.array(z.strictObject({ channel: z.string(), events: z.array(z.string()).min(1) })).default([]),
});
export type Plan = z.infer<typeof Plan>;
