import { Counter, type Registry } from 'prom-client';
import { BoundedLabel } from './bounded-labels.ts';
import { type Cohort, cohortLabels, type Outcome } from './cohort.ts';
import { COHORT_LABELS, LATENCY_BUCKETS, PREFIX, REQUEST_LABELS } from './metric-names.ts';
import { type HistogramSeries, SeriesHistogram } from './series-histogram.ts';
import { UsersGauge } from './users-gauge.ts';

/** One passage of a choke point. */
export interface Passage extends Cohort {
  endpoint: string;
  region: string;
  /** HTTP status of the path taken; leave it out where there is none. */
  code?: number | undefined;
  /** Default: `error` for a code from 500, else `ok`. */
  outcome?: Outcome;
  seconds: number;
}

/** How many values a label may have before further ones become `other`. */
export interface LabelLimits {
  flags: number;
  variants: number;
  endpoints: number;
  regions: number;
  events: number;
}

const LIMITS: LabelLimits = { flags: 100, variants: 10, endpoints: 100, regions: 30, events: 50 };

export interface CohortMetricsOptions {
  registry: Registry;
  /** First word of the metrics' names: `shop` gives `shop_requests_total`. Default `tidegate`. */
  prefix?: string;
  service: string;
  buckets?: readonly number[];
  limits?: Partial<LabelLimits>;
}

interface Series {
  request: Record<(typeof REQUEST_LABELS)[number], string>;
  duration: HistogramSeries;
  /** Counted and not yet given to the counter. */
  pending: number;
}

/** Label sets remembered; beyond that they are made anew each time, and the labels' own limits bound the series. */
const MOST_SERIES = 10_000;

/**
 * What a gate compares, per cohort: `<prefix>_requests_total{service,flag,variant,audience,endpoint,region,code,outcome}`,
 * `<prefix>_request_duration_seconds{service,flag,variant,audience,endpoint}`,
 * `<prefix>_users{service,flag,variant,audience}` and `<prefix>_events_total{service,flag,variant,audience,event}`.
 */
export class CohortMetrics {
  readonly #service: string;
  readonly #requests: Counter;
  readonly #duration: SeriesHistogram;
  readonly #events: Counter;
  readonly #users: UsersGauge;
  readonly #bounds: Record<keyof LabelLimits, BoundedLabel>;
  readonly #series = new Map<string, Series>();

  constructor({
    registry,
    prefix = PREFIX,
    service,
    buckets = LATENCY_BUCKETS,
    limits,
  }: CohortMetricsOptions) {
    this.#service = service;
    const registers = [registry];
    const { flags, variants, endpoints, regions, events } = { ...LIMITS, ...limits };
    this.#bounds = {
      flags: new BoundedLabel(flags),
      variants: new BoundedLabel(variants),
      endpoints: new BoundedLabel(endpoints),
      regions: new BoundedLabel(regions),
      events: new BoundedLabel(events),
    };
    const series = this.#series;
    this.#requests = new Counter({
      name: `${prefix}_requests_total`,
      help: 'Passages of a choke point by the variant that the flag gave.',
      labelNames: [...REQUEST_LABELS],
      registers,
      collect() {
        for (const one of series.values()) {
          if (one.pending > 0) this.inc(one.request, one.pending);
          one.pending = 0;
        }
      },
    });
    this.#duration = new SeriesHistogram({
      name: `${prefix}_request_duration_seconds`,
      help: 'Time that the path behind a choke point took.',
      buckets,
      registry,
    });
    this.#events = new Counter({
      name: `${prefix}_events_total`,
      help: 'What users did after a choke point, such as orders, by their cohort.',
      labelNames: [...COHORT_LABELS, 'event'],
      registers,
    });
    this.#users = new UsersGauge({ registry, prefix, service, limit: flags * 4 });
  }

  record(passage: Passage): void {
    const { code, outcome = code !== undefined && code >= 500 ? 'error' : 'ok' } = passage;
    const { flag, variant, audience, endpoint, region } = passage;
    // Sorting and joining labels is what prom-client's counters spend their time on, so it is done once per series.
    const key = `${flag}\n${variant}\n${audience}\n${endpoint}\n${region}\n${code ?? ''}\n${outcome}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = this.#newSeries(passage, outcome);
      if (this.#series.size < MOST_SERIES) this.#series.set(key, series);
      else this.#requests.inc(series.request);
    }
    series.pending += 1;
    series.duration.observe(passage.seconds);
  }

  /** Counts a user once per cohort. */
  seen(cohort: Cohort, user: string): void {
    this.#users.seen(cohort, user);
  }

  /** Counts what a user did after the choke point: an order, a click. */
  event(cohort: Cohort, event: string): void {
    this.#events.inc({ ...this.#cohort(cohort), event: this.#bounds.events.of(event) });
  }

  /** Starts the count of distinct users anew: a stage's users are those seen since its exposure was set. */
  forgetUsers(flag: string): void {
    this.#users.forget(flag);
  }

  #cohort(cohort: Cohort) {
    const { flag, variant, audience } = cohortLabels(cohort);
    const { flags, variants } = this.#bounds;
    return { service: this.#service, flag: flags.of(flag), variant: variants.of(variant), audience };
  }

  #newSeries(passage: Passage, outcome: Outcome): Series {
    const cohort = this.#cohort(passage);
    const endpoint = this.#bounds.endpoints.of(passage.endpoint);
    const region = this.#bounds.regions.of(passage.region);
    return {
      request: { ...cohort, endpoint, region, code: codeLabel(passage.code), outcome },
      duration: this.#duration.series({ ...cohort, endpoint }),
      pending: 0,
    };
  }
}

/** A status of HTTP; anything else would be a label without an end. */
function codeLabel(code: number | undefined): string {
  if (code === undefined) return '';
  return Number.isInteger(code) && code >= 100 && code <= 599 ? String(code) : 'other';
}
