import type { BucketPair } from './buckets.ts';
import { countAbove, histogramTotal } from './histogram.ts';
import type { PollCounts } from './kernel.ts';
import { likelyAbove } from './survival.ts';

export type Cohorts = Pick<BucketPair, 'baseline' | 'canary'>;

/** Canary requests above an edge against baseline requests above edge/(1+margin). */
export function counts(
  { baseline, canary }: Cohorts,
  { edge, margin }: { edge: number; margin: number },
): PollCounts {
  return {
    canaryEvents: countAbove(canary, edge),
    canaryTotal: histogramTotal(canary),
    baselineEvents: likelyAbove(baseline, edge / (1 + margin)),
    baselineTotal: histogramTotal(baseline),
  };
}
