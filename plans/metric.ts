import { z } from 'zod';
import { Label, Name, Selector } from './names.ts';
import { Difference, ValueDifference } from './units.ts';

const common = {
  name: Name.describe('How limits, overrides, the journal and the dashboards call the metric.'),
  of: z
    .enum(['served', 'shadow'])
    .optional()
    .describe(
      'shadow: the runs that nobody was served by; such a metric decides in the stages `shadow` and `dark`, and the others in all other stages. Default: served.',
    ),
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
