/**
 * Events among trials, as the plan counts them: good or bad ones; of a latency the requests above the edge. Of a mean or a gauge
 * the sum of its values among how many there were.
 */
export interface Tally {
  events: number;
  total: number;
}

/** One value of a label: how both cohorts did there. */
export interface ExplainedValue {
  value: string;
  canary: Tally;
  baseline: Tally;
  /** Bad events of the canary beyond what the baseline's rate of the same value predicts; of values what is worse than its mean, summed. */
  excess: number;
  /** Part of the whole excess; null where the whole is none. With the share of the mix all values sum to 1. */
  share: number | null;
  /** Part of the canary's requests; of a gauge that is summed, part of the baseline's value. */
  traffic: number;
  /** ln of the evidence that it is worse; null: it cannot be tested, having requests in one cohort only. */
  lnE: number | null;
  /** Among the false-discovery-controlled findings. */
  found: boolean;
  only: 'canary' | 'baseline' | null;
}

export interface ExplainedDimension {
  label: string;
  /** `outcomes`: what became of a request; `hours`: of the day. Absent in what older versions explained. */
  kind?: 'values' | 'outcomes' | 'instances' | 'hours';
  /** What was found first, then by share and evidence; the least of them are left out. */
  values: ExplainedValue[];
  left: number;
  /** Excess that is not in the rates but in what was asked for: the canary has more of values that fail more anyway. */
  mix: { excess: number; share: number | null; value: string | null };
  /** Why it tells nothing. */
  note: string | null;
}

/**
 * Whether some canary instances are bad by themselves or the version is.
 * `open`: neither can be said yet. `single`: there is one canary instance. `unknown`: nothing tells instances apart.
 */
export type InstanceFinding =
  | { kind: 'instances'; names: string[]; others: number }
  | { kind: 'version'; count: number; worst: string[] }
  | { kind: 'open'; count: number }
  | { kind: 'single' | 'unknown' };

/** Where a metric moved, for people: it decides nothing. Plain JSON. */
export interface Explanation {
  metric: string;
  /** Absent: `rates`. `values`: a tally is a sum, and read as a mean. */
  of?: 'rates' | 'values';
  /** One sentence for people. */
  sentence: string;
  /** Seconds since 1970 that were searched, and the windows in them that were evidence. */
  from: number;
  to: number;
  windows: number;
  /** For a latency: the edge in seconds above which a request counts. */
  edge: number | null;
  canary: Tally;
  baseline: Tally;
  excess: number;
  /** The share of false ones among the findings is at most this, over so many tests. */
  level: number;
  tests: number;
  dimensions: ExplainedDimension[];
  instances: InstanceFinding;
  /** Why not more was searched. */
  note: string | null;
}
