/**
 * Events among trials of both cohorts over one window. Of a mean: the sum of its observations among how many they are. Of a gauge:
 * the sum of its series' values among how many series (combined by `max`: the largest among one).
 */
export interface CohortCounts {
  canaryEvents: number;
  canaryTotal: number;
  baselineEvents: number;
  baselineTotal: number;
}

/** One value of a label; empty: the series that lack it. `windows` has an entry for each window of the breakdown. */
export interface BrokenValue {
  value: string;
  windows: readonly CohortCounts[];
}

/** The counts of a metric by the values of one label. The values together are the whole. */
export interface Dimension {
  label: string;
  values: readonly BrokenValue[];
}

/**
 * Where the events of one metric came from, window by window: those of the gate, read again. Events are the ones that
 * the plan counts (good or bad); of a latency the requests slower than an edge; means and gauges have sums.
 */
export interface Breakdown {
  /** Unix seconds that were read: the newest part of what was asked where that was too much. */
  from: number;
  to: number;
  used: number;
  /** Windows that were no evidence. */
  rejected: number;
  /** Ends of the windows that are evidence, in Unix seconds; the windows of every value are in this order. */
  times: readonly number[];
  dimensions: readonly Dimension[];
  queries: readonly string[];
  /** Why there is not more. */
  note?: string;
}
