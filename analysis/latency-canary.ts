import type { Sample } from '../plans/sample.ts';
import type { BucketPair } from './buckets.ts';
import { addCanaryHalves, NO_CANARY_HALVES } from './canary-halves.ts';
import { crowdAfter } from './canary-noise.ts';
import { type Cohorts, counts } from './edge-counts.ts';
import type { LatencyEvidence } from './evidence.ts';
import { countAt } from './histogram.ts';
import { bucketFault } from './soundness.ts';

/** What the canary's halves show above each edge under test, and how many instances it has; at edges that all have in this poll. */
export function canaryHalvesAfter(
  evidence: LatencyEvidence,
  { metric, sample, pair }: { metric: string; sample: Sample; pair: BucketPair },
): Pick<LatencyEvidence, 'canaryHalves' | 'crowd'> {
  const { edges, canaryHalves, crowd: before } = evidence;
  const [edge] = edges ?? [];
  if (edges === null || edge === undefined) return {};
  const { instances } = sample;
  const crowd = crowdAfter(before, { instances, counts: counts(pair, { edge, margin: 0 }) });
  const [first, second] = sample.canaryHalves?.map(({ histograms }) => histograms[metric]) ?? [];
  if (first === undefined || second === undefined) return crowd;
  if (bucketFault(first) !== null || bucketFault(second) !== null) return crowd;
  const halves = { baseline: second, canary: first };
  const soFar = { baseline: evidence.baseline ?? [], canary: evidence.canary ?? [] };
  const all = [first, second, pair.baseline, pair.canary, soFar.baseline, soFar.canary];
  return {
    ...crowd,
    canaryHalves: edges.map((at, i) => {
      const known = canaryHalves?.[i] ?? NO_CANARY_HALVES;
      if (all.some((buckets) => countAt(buckets, at) === null)) return known;
      const of = (cohorts: Cohorts) => counts(cohorts, { edge: at, margin: 0 });
      return addCanaryHalves(known, { halves: of(halves), cohorts: of(pair), soFar: of(soFar) });
    }),
  };
}
