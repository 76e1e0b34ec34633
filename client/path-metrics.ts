import { Counter, Histogram, type Registry } from 'prom-client';
import { BoundedLabel } from './bounded-labels.ts';
import { LATENCY_BUCKETS } from './metric-names.ts';

export interface PathMetricsOptions {
  registry: Registry;
  service: string;
  buckets?: readonly number[];
}

export type ParityResult = 'match' | 'mismatch' | 'error' | 'timeout';
export type DropReason = 'queue' | 'closed';

const MOST_DIFFERENCES = 50;
const MOST_FLAGS = 100;

/**
 * What happens beside the comparison of the cohorts. These names do not follow the prefix, so that a plan's limits
 * are the same for every application: `tidegate_parity_total{service,flag,result}` and the others of docs/client.md.
 */
export class PathMetrics {
  readonly #service: string;
  readonly #flags = new BoundedLabel(MOST_FLAGS);
  readonly #texts = new BoundedLabel(MOST_DIFFERENCES);
  readonly #begun = new Set<string>();
  readonly #parity: Counter;
  readonly #differences: Counter;
  readonly #shadows: Counter;
  readonly #shadowTime: Histogram;
  readonly #dropped: Counter;
  readonly #suppressed: Counter;
  readonly #fallbacks: Counter;
  readonly #unevaluated: Counter;
  readonly #drills: Counter;

  constructor({ registry, service, buckets = LATENCY_BUCKETS }: PathMetricsOptions) {
    this.#service = service;
    // Several dispatchers of one process share these.
    const counter = (name: string, { help, labels }: { help: string; labels: string[] }): Counter => {
      const known = registry.getSingleMetric(name);
      if (known instanceof Counter) return known;
      return new Counter({ name, help, labelNames: ['service', 'flag', ...labels], registers: [registry] });
    };
    this.#parity = counter('tidegate_parity_total', {
      help: 'Requests that both paths ran: whether their results are the same.',
      labels: ['result'],
    });
    this.#differences = counter('tidegate_parity_differences_total', {
      help: 'Requests whose results differ, by where they differ first.',
      labels: ['difference'],
    });
    this.#shadows = counter('tidegate_shadow_requests_total', {
      help: 'Requests that both paths ran, by path and how it ended.',
      labels: ['variant', 'outcome'],
    });
    const time = registry.getSingleMetric('tidegate_shadow_duration_seconds');
    this.#shadowTime =
      time instanceof Histogram
        ? time
        : new Histogram({
            name: 'tidegate_shadow_duration_seconds',
            help: 'Time of each path for the requests that both ran.',
            labelNames: ['service', 'flag', 'variant'],
            buckets: [...buckets],
            registers: [registry],
          });
    this.#dropped = counter('tidegate_shadow_dropped_total', {
      help: 'Shadow runs that were chosen and did not take place.',
      labels: ['reason'],
    });
    this.#suppressed = counter('tidegate_effects_suppressed_total', {
      help: 'Side effects that a shadow did not carry out.',
      labels: ['effect'],
    });
    this.#fallbacks = counter('tidegate_fallbacks_total', {
      help: 'Requests that the old path answered after the new one failed.',
      labels: ['reason', 'result'],
    });
    this.#unevaluated = counter('tidegate_evaluation_errors_total', {
      help: 'Evaluations that failed and gave the baseline.',
      labels: ['code'],
    });
    this.#drills = counter('tidegate_drill_total', {
      help: 'Requests of the new path that a drill broke on purpose.',
      labels: ['effect'],
    });
  }

  parity(flag: string, result: ParityResult): void {
    const base = this.#base(flag);
    // A counter that is born as 1 never rises, and a limit on its increase would miss the first mismatch.
    if (!this.#begun.has(flag)) {
      for (const result of ['match', 'mismatch', 'error', 'timeout'])
        this.#parity.inc({ ...base, result }, 0);
      if (this.#begun.size < MOST_FLAGS) this.#begun.add(flag);
    }
    this.#parity.inc({ ...base, result });
  }

  difference(flag: string, difference: string): void {
    this.#differences.inc({ ...this.#base(flag), difference: this.#texts.of(difference) });
  }

  shadowed(flag: string, { variant, outcome, seconds }: ShadowEnd): void {
    const base = this.#base(flag);
    this.#shadows.inc({ ...base, variant, outcome });
    this.#shadowTime.observe({ ...base, variant }, seconds);
  }

  dropped(flag: string, reason: DropReason): void {
    this.#dropped.inc({ ...this.#base(flag), reason });
  }

  suppressed(flag: string, effect: string): void {
    this.#suppressed.inc({ ...this.#base(flag), effect: this.#texts.of(effect) });
  }

  fallback(flag: string, labels: { reason: string; result: 'ok' | 'error' }): void {
    this.#fallbacks.inc({ ...this.#base(flag), ...labels });
  }

  unevaluated(flag: string, code: string): void {
    this.#unevaluated.inc({ ...this.#base(flag), code: this.#texts.of(code) });
  }

  drilled(flag: string, effect: 'error' | 'latency'): void {
    this.#drills.inc({ ...this.#base(flag), effect });
  }

  #base(flag: string) {
    return { service: this.#service, flag: this.#flags.of(flag) };
  }
}

export interface ShadowEnd {
  variant: string;
  outcome: 'ok' | 'error' | 'timeout';
  seconds: number;
}
