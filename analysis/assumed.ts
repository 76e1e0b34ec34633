import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets } from '../plans/sample.ts';
import { LARGEST_BLOCK } from './dispersion.ts';
import { chooseEdges } from './histogram.ts';
import { tightestMargin } from './history.ts';
import { lnPhi } from './normal.ts';
import type { MetricProfile, Profile } from './profile.ts';
import type { Expected } from './stage-outlook.ts';

/** Share of the requests of a service that is well, as long as nobody has measured it. */
export const ASSUMED_ERRORS = 0.005;
/** Share of the requests that a good event follows, such as an order. */
const ASSUMED_GOOD = 0.05;
/** By what share equal cohorts differ beyond counting: more than halves of a quiet service, less than those of a restless one. */
const ASSUMED_NOISE = 0.05;
/** Requests of the imagined past: enough that no margin is unresolved. */
const PAST = 10_000_000;

/** Response times with a median of 80 ms and a p95 of 250 ms (log-normal), in buckets a quarter apart. */
const MEDIAN = 0.08;
const SIGMA = Math.log(0.25 / MEDIAN) / 1.645;
const EDGES = Array.from({ length: 40 }, (_, k) => Number((0.001 * 1.25 ** k).toPrecision(4)));
const BUCKETS: Buckets = [
  ...EDGES.map((edge): [number, number] => [edge, PAST * Math.exp(lnPhi(Math.log(edge / MEDIAN) / SIGMA))]),
  ['+Inf', PAST],
];

const KNOTS = Array.from({ length: Math.log2(LARGEST_BLOCK) + 1 }, () => ASSUMED_NOISE ** 2);

/**
 * What a rollout can expect where only the requests per second are known: a service that is well, with requests spread
 * evenly over the day. A preflight reads all of it from the service itself. Values and gauges are left out: of their
 * scatter the traffic tells nothing.
 */
export function assumedService(plan: Plan, requestsPerSecond: number): Expected {
  const metrics: Record<string, MetricProfile> = {};
  const edges: Record<string, readonly number[]> = {};
  const dispersion: Record<string, readonly number[]> = {};
  const trials = requestsPerSecond * plan.source.poll;
  for (const metric of plan.metrics) {
    const known = profileOf(plan, metric, trials);
    if (known === null) continue;
    metrics[metric.name] = known;
    if (known.kind === 'latency') edges[metric.name] = known.edges;
    dispersion[metric.name] = KNOTS;
  }
  const profile: Profile = { polls: PAST, learnt: { dispersion, edges }, metrics, slices: {} };
  const perHour = requestsPerSecond * 3600;
  const traffic = Object.fromEntries(
    Object.keys(metrics).map((name) => [name, { perHour, quietest: null, hours: 0 }]),
  );
  return { plan, profile, traffic, users: null, sliceUsers: {} };
}

function profileOf(plan: Plan, metric: Metric, trials: number): MetricProfile | null {
  switch (metric.kind) {
    case 'ratio': {
      const bad = metric.good === undefined ? ASSUMED_ERRORS : 1 - ASSUMED_GOOD;
      return { kind: 'ratio', trials, count: { events: PAST * bad, total: PAST } };
    }
    case 'latency': {
      const margin = tightestMargin(plan, metric.name);
      if (margin === null) return null;
      const edges = chooseEdges(BUCKETS, { quantile: metric.quantile, margin });
      return { kind: 'latency', trials, buckets: BUCKETS, edges };
    }
    case 'mean':
    case 'gauge':
      return null;
  }
}
