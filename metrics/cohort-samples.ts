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

/** One cohort's differences added up per metric. `requests` is what the first ratio, else the first histogram, else
 * the first mean counts. */
export function cohortSample(
  plan: Plan,
  counted: readonly Counted[],
  edges: ReadonlyMap<string, Edges>,
): CohortSample {
  const ratios: CohortSample['ratios'] = {};
  const histograms: CohortSample['histograms'] = {};
  const means: NonNullable<CohortSample['means']> = {};
  for (const { kind, name } of plan.metrics) {
    switch (kind) {
      case 'ratio':
        ratios[name] = {
          events: sum(pick(counted, name, 'events')),
          total: sum(pick(counted, name, 'total')),
        };
        break;
      case 'latency':
        histograms[name] = sumBuckets(pick(counted, name, 'buckets'), edges.get(name) ?? []);
        break;
      case 'mean':
        means[name] = { sum: sum(pick(counted, name, 'sum')), count: sum(pick(counted, name, 'count')) };
        break;
      case 'gauge':
        break;
    }
  }
  const requests = requestsOf(plan, { ratios, histograms, means });
  return { requests, ratios, histograms, ...(Object.keys(means).length === 0 ? {} : { means }) };
}

function requestsOf(plan: Plan, of: Pick<CohortSample, 'ratios' | 'histograms' | 'means'>): number {
  const kinds = ['ratio', 'latency', 'mean'] as const;
  const first = kinds.map((wanted) => plan.metrics.find(({ kind }) => kind === wanted)).find(Boolean);
  switch (first?.kind) {
    case 'ratio':
      return of.ratios[first.name]?.total ?? 0;
    case 'latency':
      return observations(of.histograms[first.name] ?? []);
    case 'mean':
      return of.means?.[first.name]?.count ?? 0;
    default:
      // Of gauges alone nothing tells the requests.
      return 0;
  }
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
