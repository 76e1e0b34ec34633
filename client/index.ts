export type { Cohort, Outcome } from './cohort.ts';
export { LATENCY_BUCKETS } from './metric-names.ts';
export { CohortMetrics, type CohortMetricsOptions, type LabelLimits, type Passage } from './metrics.ts';
export { type FlagdAddresses, flagdOptions } from './provider.ts';
