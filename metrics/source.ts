import type { Breakdown } from '../plans/breakdown.ts';
import type { Plan } from '../plans/plan.ts';
import type { HistorySample, Reading } from '../plans/sample.ts';

/** One window of one gate. Times are Unix seconds; `to - from` is the plan's poll step. */
export interface WindowRequest {
  plan: Plan;
  stage: string;
  from: number;
  to: number;
  /** Unix seconds at which the rollout began: `sample.t = to - origin`. */
  origin: number;
  /** Bucket edges of latencies that are under test: they stay among those of a native histogram. */
  edges?: Readonly<Record<string, readonly number[]>>;
}

/** Windows before a rollout: `windows` of them, the last one ending at `until` (Unix seconds). */
export interface HistoryRequest {
  plan: Plan;
  until: number;
  windows: number;
  /** Unix seconds at which the rollout began: `sample.t = window end - origin`. */
  origin: number;
  /** Told how many windows more have been read, each time some have. */
  told?: (windows: number) => void;
}

/** The usable windows of the baseline in their order; `note`: why there are not more. */
export interface History {
  samples: HistorySample[];
  note?: string;
}

/** Windows of a ratio or a latency by the values of labels. Times are Unix seconds; `to` is the end of a window. */
export interface BreakdownRequest {
  plan: Plan;
  metric: string;
  labels: readonly string[];
  from: number;
  to: number;
  /** Only the series that have this value of this label. */
  within?: { label: string; value: string };
  /** For a latency: the bucket edge in seconds above which a request counts as an event. */
  edge?: number;
}

/**
 * What was found of a plan's queries before anything moves. `slow-scrape`: the targets are scraped less often than the
 * plan polls, so that every window would be a gap. `uses`: nothing is wrong, a latency is read from this.
 */
export interface QueryFinding {
  metric: string;
  query: string;
  kind: 'refused' | 'no-baseline' | 'no-canary' | 'slow-scrape' | 'uses';
  detail: string;
}

/** Where samples come from; Prometheus first. Reads only, and repeating a read gives the same answer. */
export interface MetricSource {
  /**
   * Reads all metrics of a plan over one window as differences of raw counters per series, all at one timestamp.
   * A source that does not answer is a `rejected` reading of kind `source-down`, never an exception.
   */
  read(request: WindowRequest): Promise<Reading>;
  /**
   * Reads the baseline alone over the windows before a rollout. Windows that are no evidence are left out; what
   * cannot be read ends the reading with a note. Throws `PROMETHEUS_UNREACHABLE`.
   */
  history(request: HistoryRequest): Promise<History>;
  /**
   * Reads the counts of one metric in both cohorts by the values of labels, in a bounded number of queries. Of a span
   * that is too long the newest part. Throws `PROMETHEUS_UNREACHABLE`, `PROMETHEUS_QUERY`.
   */
  breakdown(request: BreakdownRequest): Promise<Breakdown>;
  /**
   * Tries every query of the plan at `at` (Unix seconds). A canary without series is no finding: before the
   * first stage there is none. Throws `PROMETHEUS_UNREACHABLE`.
   */
  check(plan: Plan, at: number): Promise<QueryFinding[]>;
  /**
   * The value of an expression at `at`, summed over its series; null when it returns none or no number.
   * Throws `PROMETHEUS_UNREACHABLE`, `PROMETHEUS_QUERY`.
   */
  scalar(expr: string, at: number): Promise<number | null>;
  /** Seconds after a window's end from which its samples can be expected to be complete. */
  readonly settle: number;
}
