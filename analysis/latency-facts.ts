import type { LatencyMetric } from '../plans/metric.ts';
import type { LatencyEvidence } from './evidence.ts';
import { countAbove, countAt, isBeyond } from './histogram.ts';
import type { Margins } from './margins.ts';

/** What a sentence about a latency says beside its shares of slow requests. */
export interface LatencyFacts {
  quantile: number;
  /** Seconds above which a request counts as slow: the edge that carries the evidence. Null: none is under test. */
  edge: number | null;
  /** Cohorts whose quantile lies beyond the last bucket edge, which is then its value. */
  beyond: { baseline: boolean; canary: boolean };
  /** The slowdowns that the plan allows, or that were accepted: 0.2 for +20 %. */
  soft: number | null;
  hard: number | null;
}

/** `track`: the one that carries the evidence. */
export function latencyFacts(
  { edges, baseline, canary }: LatencyEvidence,
  { metric: { quantile }, margins, track }: { metric: LatencyMetric; margins: Margins; track: number | null },
): LatencyFacts {
  return {
    quantile,
    edge: track === null ? null : (edges?.[track] ?? null),
    beyond: {
      baseline: baseline !== null && isBeyond(baseline, quantile),
      canary: canary !== null && isBeyond(canary, quantile),
    },
    soft: margins.soft,
    hard: margins.hard,
  };
}

/** Canary requests above the best filled edge under test; null: no edge is. */
export function exceedancesOf({ edges, canary }: LatencyEvidence): number | null {
  if (edges === null) return 0;
  if (edges.length === 0) return null;
  if (canary === null) return 0;
  const known = edges.filter((edge) => countAt(canary, edge) !== null);
  return Math.max(0, ...known.map((edge) => countAbove(canary, edge)));
}
