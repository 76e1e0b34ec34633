import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Rejection } from '../plans/sample.ts';
import type { Counted } from './differences.ts';
import { isCumulative, type Layout, layoutOf, observations, sumBuckets } from './histograms.ts';
import type { EdgesUnderTest } from './latency-series.ts';
import type { Cohort, Role } from './plan-queries.ts';

export type Layouts = Record<Cohort, Map<string, Layout>>;

/** The bucket edges of every latency in each cohort that has series of it, or what is wrong with them. */
export function layoutsOf(
  plan: Plan,
  counted: readonly Counted[],
  edges: EdgesUnderTest = {},
): { layouts: Layouts; rejections: Rejection[] } {
  const layouts: Layouts = { baseline: new Map(), canary: new Map() };
  const rejections: Rejection[] = [];
  for (const { kind, name } of plan.metrics) {
    if (kind !== 'latency') continue;
    const all = histograms(counted, name);
    for (const cohort of ['baseline', 'canary'] as const) {
      const own = all.filter(({ series }) => series.cohort === cohort);
      if (own.length === 0) continue;
      const layout = layoutOf(own, { all, wanted: edges[name] ?? [] });
      if (typeof layout === 'string') rejections.push({ kind: 'invalid', metric: name, detail: layout });
      else layouts[cohort].set(name, layout);
    }
  }
  return { layouts, rejections };
}

function histograms(counted: readonly Counted[], metric: string): Counted[] {
  return [...pick(counted, metric, 'buckets'), ...pick(counted, metric, 'native')];
}

/** One cohort's differences added up per metric. `requests` is what the first ratio, else the first histogram, else
 * the first mean counts. */
export function cohortSample(
  plan: Plan,
  counted: readonly Counted[],
  layouts: ReadonlyMap<string, Layout>,
): CohortSample {
  const ratios: CohortSample['ratios'] = {};
  const latencies: CohortSample['histograms'] = {};
  const uncommon: NonNullable<CohortSample['uncommon']> = {};
  const means: NonNullable<CohortSample['means']> = {};
  for (const { kind, name } of plan.metrics) {
    switch (kind) {
      case 'ratio':
        ratios[name] = {
          events: sum(pick(counted, name, 'events')),
          total: sum(pick(counted, name, 'total')),
        };
        break;
      case 'latency': {
        const layout = layouts.get(name);
        latencies[name] = sumBuckets(histograms(counted, name), layout?.edges ?? []);
        if (layout !== undefined && layout.uncommon.length > 0) uncommon[name] = layout.uncommon;
        break;
      }
      case 'mean':
        means[name] = { sum: sum(pick(counted, name, 'sum')), count: sum(pick(counted, name, 'count')) };
        break;
      case 'gauge':
        break;
    }
  }
  const requests = requestsOf(plan, { ratios, histograms: latencies, means });
  return {
    requests,
    ratios,
    histograms: latencies,
    ...(Object.keys(uncommon).length === 0 ? {} : { uncommon }),
    ...(Object.keys(means).length === 0 ? {} : { means }),
  };
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
