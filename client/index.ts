export { asciiKey, asciiKeyHook } from './ascii-key.ts';
export { flagProvider } from './flag-provider.ts';
export {
  type Cohort,
  CohortMetrics,
  type CohortMetricsOptions,
  LATENCY_BUCKETS,
  type Passage,
} from './metrics.ts';
export { type FlagdAddresses, flagdOptions } from './provider.ts';
