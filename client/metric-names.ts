/** The first word of all names unless the application gives its own. */
export const PREFIX = 'tidegate';

/** The label names of what a gate compares; `plans/client-metrics.ts` writes selectors for them. */
export const COHORT_LABELS = ['service', 'flag', 'variant', 'audience'] as const;
export const REQUEST_LABELS = [...COHORT_LABELS, 'endpoint', 'region', 'code', 'outcome'] as const;

/** Seconds; dense where a web request's quantiles lie, so that a change of 20 % crosses an edge. */
export const LATENCY_BUCKETS = [
  0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5,
];
