import { stringify } from 'yaml';
import { quote } from './promql-text.ts';

export interface ClientMetricsOptions {
  /** As given to `createDispatcher`. */
  service: string;
  flag: string;
  /** As given to `createDispatcher`. Default `tidegate`. */
  prefix?: string;
  /** The variant of the old path. Default `off`. */
  baseline?: string;
  /** Margins of the error rate and of the time. */
  errors?: { soft: string; hard: string };
  latency?: { soft: string; hard: string; quantile?: number };
  /** What users do after the choke point (`dispatcher.event`), and how much rarer it may become. */
  events?: readonly { name: string; soft: string }[];
  /** Labels in which a regression is searched for. Default: the endpoint. */
  breakdown?: readonly ('endpoint' | 'region')[];
  /** `cohorts`: the users that each path serves. `shadow`: both paths on the same requests, while nothing new is served. */
  of?: 'cohorts' | 'shadow';
}

/** The parts of a plan that say where its metrics come from: data, as it stands in the plan's YAML. */
export interface ClientMetrics {
  source: { users: string };
  metrics: Record<string, unknown>[];
  limits: Record<string, unknown>[];
}

const ERRORS = { soft: '+0.1pp', hard: '+0.5pp' };
const LATENCY = { soft: '+20%', hard: '+50%' };

/**
 * What a plan needs to compare the cohorts of an application that uses `tidegate/client`, so that nobody writes PromQL:
 * errors, time, events, the parity of shadow runs and the split of the users. The names are those of `client/`.
 */
export function clientMetrics(options: ClientMetricsOptions): ClientMetrics {
  const { service, flag, prefix = 'tidegate', of = 'cohorts', breakdown = ['endpoint'] } = options;
  const named = `service=${quote(service)},flag=${quote(flag)}`;
  const family = of === 'shadow' ? 'tidegate_shadow' : prefix;
  const requests = `${family}_requests_total`;
  const duration =
    of === 'shadow' ? 'tidegate_shadow_duration_seconds' : `${prefix}_request_duration_seconds`;
  const { quantile = 0.95, ...latency }: NonNullable<ClientMetricsOptions['latency']> =
    options.latency ?? LATENCY;
  // Shadow runs have neither region nor endpoint, and the histogram has no region.
  const labels = of === 'shadow' ? [] : [...breakdown];
  const timeLabels = labels.filter((label) => label !== 'region');
  const served = `${requests}{${named},outcome!="aborted"}`;
  return {
    source: { users: `${prefix}_users{${named},audience="public"}` },
    metrics: [
      {
        name: 'errors',
        kind: 'ratio',
        bad: `${requests}{${named},outcome=~"error|timeout"}`,
        total: served,
        ...(options.errors ?? ERRORS),
        ...(labels.length === 0 ? {} : { breakdown: labels }),
      },
      {
        name: 'latency',
        kind: 'latency',
        histogram: `${duration}{${named}}`,
        quantile,
        ...latency,
        ...(timeLabels.length === 0 ? {} : { breakdown: timeLabels }),
      },
      ...(of === 'shadow' ? [] : (options.events ?? [])).map(({ name, soft }) => ({
        name,
        kind: 'ratio',
        good: `${prefix}_events_total{${named},event=${quote(name)}}`,
        total: served,
        soft,
      })),
    ],
    limits: [
      {
        name: 'parity',
        expr: `sum(increase(tidegate_parity_total{${named},result=~"mismatch|error|timeout"}[1m]))`,
        above: 0,
        action: 'pause',
      },
    ],
  };
}

/**
 * Calls of the old path within an hour, for `decommission.unused`: those of its cohort, and those that stood in for
 * the new path. Without any request at all it has no value, so that a service that is not seen is not unused.
 */
export function unusedByClient({
  service,
  flag,
  prefix = 'tidegate',
  baseline = 'off',
}: ClientMetricsOptions): string {
  const named = `service=${quote(service)},flag=${quote(flag)}`;
  const requests = `${prefix}_requests_total`;
  const old = `sum(increase(${requests}{${named},variant=${quote(baseline)}}[1h]))`;
  const instead = `sum(increase(tidegate_fallbacks_total{${named}}[1h]))`;
  const seen = `sum(increase(${requests}{${named}}[1h])) > 0`;
  return `((${old} or vector(0)) + (${instead} or vector(0))) and on() (${seen})`;
}

/** The same as YAML, to be put into a plan as it is. */
export function clientMetricsYaml(options: ClientMetricsOptions): string {
  return stringify(clientMetrics(options), { lineWidth: 0 });
}
