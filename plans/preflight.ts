import type { RuleId } from './rules.ts';

/**
 * Something that a preflight found. An `error` keeps the rollout from starting, a `warning` is a risk, a `note` is only
 * to be known.
 */
export interface PreflightFinding {
  severity: 'error' | 'warning' | 'note';
  /** The rule of plans that it is about; absent: none. */
  rule?: RuleId;
  check: 'queries' | 'labels' | 'traffic' | 'noise' | 'stages' | 'alerts' | 'split' | 'flag';
  /** What it is about: a query, a stage, a metric. */
  where: string;
  message: string;
  /** What to do; empty where only the reader can know. */
  instead: string;
}

/** Requests (observations) of a metric in both cohorts together, hour by hour. `at`: Unix seconds of the hour's end. */
export interface HourlyRequests {
  metric: string;
  hours: readonly { at: number; requests: number }[];
}

/** How many values a label has among the series of a metric; `series`: how many of them there are altogether. */
export interface LabelValues {
  metric: string;
  label: string;
  values: number;
  series: number;
  /** Series that have the label at all. */
  labelled: number;
}

/** An alerting rule as Prometheus knows it. */
export interface AlertRule {
  name: string;
  expr: string;
  labels: Readonly<Record<string, string>>;
  /** Prometheus could evaluate it. */
  healthy: boolean;
}

/** In how many instances each cohort was counted: the baseline now, the canary the most at once within the last `days`; 0: none. */
export interface InstancesSeen {
  days: number;
  baseline: number;
  canary: number;
  /** Series of the baseline that name no instance. */
  unnamed: number;
}

/** Requests by cohort over the last `seconds`. */
export interface ServedSplit {
  seconds: number;
  baseline: number;
  canary: number;
}
