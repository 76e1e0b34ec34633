import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds; dense where a web request's quantiles lie, so that a change of 20 % crosses an edge. */
export const LATENCY_BUCKETS = [
  0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5,
];

/** Who was served by which path: the variant that the flag's evaluation gave, also when that path then failed. */
export interface Cohort {
  flag: string;
  variant: string;
  /** `internal` for employees and the like: they get the canary first and are no random sample of the users. */
  audience: 'internal' | 'public';
}

/** One passage of a choke point. */
export interface Passage extends Cohort {
  endpoint: string;
  region: string;
  /** HTTP status of the path taken. */
  code: number;
  seconds: number;
}

export interface CohortMetricsOptions {
  registry: Registry;
  /** First word of the metrics' names: `shop` gives `shop_requests_total`. */
  prefix: string;
  service: string;
  buckets?: readonly number[];
}

/**
 * What a gate compares, per cohort: `<prefix>_requests_total{service,flag,variant,audience,endpoint,region,code}`,
 * `<prefix>_request_duration_seconds{service,flag,variant,audience,endpoint}` and
 * `<prefix>_users{service,flag,variant,audience}`, the distinct users since the flag's definition last changed.
 */
export class CohortMetrics {
  readonly #service: string;
  readonly #requests: Counter;
  readonly #duration: Histogram;
  readonly #users = new Map<string, { cohort: Cohort; ids: Set<string> }>();

  constructor({ registry, prefix, service, buckets = LATENCY_BUCKETS }: CohortMetricsOptions) {
    this.#service = service;
    const cohort = ['service', 'flag', 'variant', 'audience'];
    this.#requests = new Counter({
      name: `${prefix}_requests_total`,
      help: 'Passages of a choke point by the variant that the flag gave.',
      labelNames: [...cohort, 'endpoint', 'region', 'code'],
      registers: [registry],
    });
    this.#duration = new Histogram({
      name: `${prefix}_request_duration_seconds`,
      help: 'Time that the path behind a choke point took.',
      labelNames: [...cohort, 'endpoint'],
      buckets: [...buckets],
      registers: [registry],
    });
    const users = this.#users;
    new Gauge({
      name: `${prefix}_users`,
      help: "Distinct users per cohort since the flag's definition last changed.",
      labelNames: cohort,
      registers: [registry],
      collect() {
        this.reset();
        for (const { cohort, ids } of users.values()) this.set({ service, ...labels(cohort) }, ids.size);
      },
    });
  }

  record({ endpoint, region, code, seconds, ...cohort }: Passage): void {
    const base = { service: this.#service, ...labels(cohort) };
    this.#requests.inc({ ...base, endpoint, region, code: String(code) });
    this.#duration.observe({ ...base, endpoint }, seconds);
  }

  /** Counts a user once per cohort. */
  seen(cohort: Cohort, user: string): void {
    const key = `${cohort.flag} ${cohort.variant} ${cohort.audience}`;
    const known = this.#users.get(key);
    if (known !== undefined) known.ids.add(user);
    else this.#users.set(key, { cohort: labels(cohort), ids: new Set([user]) });
  }

  /** Starts the count of distinct users anew: a stage's users are those seen since its exposure was set. */
  forgetUsers(flag: string): void {
    for (const { cohort, ids } of this.#users.values()) if (cohort.flag === flag) ids.clear();
  }
}

function labels({ flag, variant, audience }: Cohort): Cohort {
  return { flag, variant, audience };
}
