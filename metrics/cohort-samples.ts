import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Rejection } from '../plans/sample.ts';
import type { Counted } from './differences.ts';
import { type Edges, isCumulative, observations, sharedEdges, sumBuckets } from './histograms.ts';
import type { Role } from './plan-queries.ts';

/** The edges of every latency metric, or what is wrong with them. */
export function edgesOf(
  plan: Plan,
  counted: readonly Counted[],
): { edges: Map<string, Edges>; rejections: Rejection[] } {
  const edges = new Map<string, Edges>();
  const rejections: Rejection[] = [];
  for (const { kind, name } of plan.metrics) {
    if (kind !== 'latency') continue;
    const shared = sharedEdges(pick(counted, name, 'buckets'));
    if (typeof shared === 'string') rejections.push({ kind: 'invalid', metric: name, detail: shared });
    else edges.set(name, shared);
  }
  return { edges, rejections };
}

/** One cohort's differences added up per metric. `requests` is what the first ratio, else the first histogram counts. */
export function cohortSample(
  plan: Plan,
  counted: readonly Counted[],
  edges: ReadonlyMap<string, Edges>,
): CohortSample {
  const ratios: CohortSample['ratios'] = {};
  const histograms: CohortSample['histograms'] = {};
  for (const { kind, name } of plan.metrics) {
    if (kind === 'ratio') {
      ratios[name] = { events: sum(pick(counted, name, 'events')), total: sum(pick(counted, name, 'total')) };
    } else {
      histograms[name] = sumBuckets(pick(counted, name, 'buckets'), edges.get(name) ?? []);
    }
  }
  return { requests: requestsOf(plan, ratios, histograms), ratios, histograms };
}

function requestsOf(
  plan: Plan,
  ratios: CohortSample['ratios'],
  histograms: CohortSample['histograms'],
): number {
  const first = plan.metrics.find(({ kind }) => kind === 'ratio') ?? plan.metrics[0];
  if (first === undefined) return 0;
  return first.kind === 'ratio'
    ? (ratios[first.name]?.total ?? 0)
    : observations(histograms[first.name] ?? []);
}

/** More events than trials, or a bucket that holds less than a smaller one: the counters contradict each other. */
export function contradictions(sample: CohortSample): Rejection[] {
  const rejections: Rejection[] = [];
  for (const [metric, { events, total }] of Object.entries(sample.ratios)) {
    if (events > total) {
      rejections.push({ kind: 'invalid', metric, detail: `${events} events among ${total}` });
    }
  }
  for (const [metric, buckets] of Object.entries(sample.histograms)) {
    if (!isCumulative(buckets)) {
      rejections.push({ kind: 'invalid', metric, detail: 'a bucket holds less than a smaller one' });
    }
  }
  return rejections;
}

function pick(counted: readonly Counted[], metric: string, role: Role): Counted[] {
  return counted.filter(({ series }) => series.metric === metric && series.role === role);
}

function sum(counted: readonly Counted[]): number {
  return counted.reduce((total, { value }) => total + value, 0);
}
