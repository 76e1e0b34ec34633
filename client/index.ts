export {
  CohortMetrics,
  LATENCY_BUCKETS,
  type Cohort,
  type CohortMetricsOptions,
  type Passage,
} from './metrics.ts';
export { flagdOptions, type FlagdAddresses } from './provider.ts';
