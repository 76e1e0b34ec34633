import type { Metric } from './metric.ts';
import type { Rejection } from './sample.ts';

export type Verdict = 'pass' | 'hold' | 'soft' | 'hard' | 'no-data';

/** What the gate knows about one metric at one moment. Rates for ratios; share above the edges for latency. */
export interface MetricAssessment {
  metric: string;
  /** The part of the traffic that it is about, as the plan writes it; absent: all of it. */
  slice?: string;
  verdict: Verdict;
  /** Natural log of the evidence against the soft margin (the whole process, all restarts). */
  lnE: number;
  /** Canary minus baseline over the component that carries the evidence, with its standard error. */
  estimate: number;
  standardError: number;
  /** Over the stage so far, for people: rates, or the quantile in seconds for latency. */
  baseline: number | null;
  canary: number | null;
  baselineRequests: number;
  canaryRequests: number;
  /** The margins in force after overrides and acceptances, as differences in the unit of `estimate`. */
  soft: number | null;
  hard: number | null;
  /** 1 - alpha confidence sequence of the difference over the stage; null while nothing is known. */
  interval: readonly [number, number] | null;
  proven: boolean | null;
}

/** Whether a metric's pass says anything: where nothing is compared, or no margin is in force, nothing was held against it. */
export function isJudged({ verdict, soft, hard }: MetricAssessment, compared: boolean): boolean {
  return verdict !== 'pass' || (compared && (soft !== null || hard !== null));
}

/** A fixed limit that is or was above its threshold. `since` is the window end at which it began. */
export interface LimitAssessment {
  limit: string;
  /** Of the metric that it limits, which says how its values read; absent: an expression, or a count of users. */
  kind?: Metric['kind'];
  value: number | null;
  threshold: number;
  since: number | null;
  fired: boolean;
  action: 'pause' | 'rollback';
}

/** A split of the traffic that a person can accept: what was counted of each cohort in the stage. */
export interface SeenSplit {
  of: 'users' | 'requests';
  baseline: number;
  canary: number;
}

/** What has begun the clean days of a decommission anew, and when (ms since 1970). */
export interface Restart {
  by: string;
  at: number;
}

/** What stands between this gate and a pass; each has a sentence for people. */
export type Holding =
  | { kind: 'bake'; until: number }
  | { kind: 'requests'; have: number; need: number }
  | { kind: 'users'; have: number; need: number }
  | { kind: 'coverage'; slice: string; of: 'users' | 'requests'; have: number; need: number }
  | { kind: 'proof'; metrics: string[] }
  | { kind: 'improvement'; metrics: string[] }
  | { kind: 'exceedances'; metric: string; have: number; need: number }
  /**
   * Polls that no metric could use, or, with a metric, those in which a cohort counted nothing of it while the other went on. `since`: end
   * of the last poll before, seconds since the rollout began; null: nothing was seen of the stage yet. `lacks`: who had nothing.
   */
  | { kind: 'quiet'; metric: string | null; lacks: ('baseline' | 'canary')[]; since: number | null }
  /**
   * Decommission: since when (ms since 1970) the old path is seen unused and nothing has happened, null: it is in use; seconds of
   * it that were seen, and that the plan asks for. `restarted`: what has begun the count anew.
   */
  | { kind: 'clean'; since: number | null; have: number; need: number; restarted?: Restart }
  | { kind: 'references'; detail: string }
  | { kind: 'split'; detail: string; seen?: SeenSplit }
  /**
   * What would be a stop, were it known how much so few instances of the canary differ by themselves: it is one if it stands `until`. `part`: the
   * metric, or slice of it, whose `detail` that is.
   */
  | { kind: 'doubt'; part: string; detail: string; until: number }
  | { kind: 'data'; rejections: Rejection[] };

/** A slice that got worse while the rest did not, and is to be taken off the canary alone. */
export interface Severed {
  slice: string;
  /** As exposures name them. */
  who: string;
  metric: string;
  severity: 'soft' | 'hard';
  reason: string;
  /** Of the canary's requests in the stage, 0 to 1; null: nothing was counted. */
  share: number | null;
}

/** One look at the gate: data in, verdict out. Pure data, so that it can stand in a journal. */
export interface Assessment {
  verdict: Verdict;
  stage: string;
  /** End of the last window, seconds since the rollout began. */
  t: number;
  /** ln of the mixture over all metrics; the gate stops at ln(1/falseRollback). */
  lnE: number;
  threshold: number;
  /** The metric that carries a stop, if any. */
  metric: string | null;
  /** The slice that carries it; absent: all of the traffic does. */
  slice?: string;
  reason: string;
  /** False: the stage compares no cohorts, and what is said of differences is of the stages before. Absent: it does. */
  compared?: false;
  /** Slices that the plan takes off by themselves; absent: none. */
  severed?: Severed[];
  metrics: MetricAssessment[];
  limits: LimitAssessment[];
  holding: Holding[];
  polls: { used: number; ignored: number; rejected: number };
  warnings: string[];
}
