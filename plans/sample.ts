/** Events among trials over one window: errors among requests, orders among visits. */
export interface Count {
  events: number;
  total: number;
}

/** Cumulative counts by upper bucket edge in seconds, ascending, the last edge `Infinity` (JSON: `"+Inf"`). */
export type Buckets = readonly (readonly [edge: number | '+Inf', count: number])[];

/** What one cohort did in one window. Metrics are keyed by their name in the plan. */
export interface CohortSample {
  requests: number;
  ratios: Record<string, Count>;
  histograms: Record<string, Buckets>;
  /** By latency: finite edges that some processes of the cohort have and others lack, so that none could be added up. */
  uncommon?: Record<string, readonly number[]>;
  /** Sum and count of observations, such as the value of orders and how many there were. */
  means?: Record<string, { sum: number; count: number }>;
  /** Values at the window's end. */
  gauges?: Record<string, number>;
  /** Distinct users seen in this cohort since the stage began, where the source knows them: a lower bound. */
  users?: number;
}

/**
 * One poll of one stage: both cohorts over the same window.
 * `t` is the end of the window in seconds since the rollout began.
 */
export interface Sample {
  stage: string;
  t: number;
  baseline: CohortSample;
  canary: CohortSample;
  /** The baseline's own series split in two, to measure how much equal cohorts differ. */
  halves?: readonly [CohortSample, CohortSample];
  /** The same of the canary: its instances may be noisier than the baseline's. Absent: fewer than two, and in samples of older versions. */
  canaryHalves?: readonly [CohortSample, CohortSample];
  /** How many instances were counted in each cohort. Absent: some series name none, and in samples of older versions. */
  instances?: InstanceCounts;
  /** Parts of the traffic over the same window, by the plan's text of the slice. One that no series has is absent. */
  slices?: Record<string, SliceSample>;
  /**
   * Distinct users of both cohorts as one process (`by`) has counted them, so that their shares mean something: `users` of
   * a cohort is the most that any process saw. Null: no process counts both. Absent: `users` are such counts themselves.
   */
  split?: SplitCount | null;
}

export type SliceSample = Pick<Sample, 'baseline' | 'canary' | 'halves' | 'canaryHalves' | 'instances'>;

export interface InstanceCounts {
  baseline: number;
  canary: number;
}

export interface SplitCount {
  by: string | null;
  baseline: number;
  canary: number;
}

/** One poll of the baseline before a rollout began; `t` is negative. */
export interface HistorySample {
  stage: 'history';
  t: number;
  baseline: CohortSample;
  halves?: readonly [CohortSample, CohortSample];
  /** Parts of the traffic over the same window, by the plan's text of the slice. One that no series has is absent. */
  slices?: Record<string, Pick<SliceSample, 'baseline' | 'halves'>>;
}

/** Why a window is no evidence. It never becomes a zero and never counts as a pass. */
export type Rejection =
  | { kind: 'source-down'; detail: string }
  | { kind: 'no-baseline'; metric: string }
  | { kind: 'no-canary'; metric: string }
  | { kind: 'reset'; metric: string; series: string }
  | { kind: 'gap'; metric: string; series: string }
  | { kind: 'invalid'; metric: string; detail: string };

/**
 * The outcome of reading one window. `queries` are the PromQL texts that were sent, for the journal; `notes` what
 * people should know about a sample: instances left out of it, warnings of the source.
 */
export type Reading =
  | {
      kind: 'sample';
      sample: Sample;
      expressions: Record<string, number>;
      queries: string[];
      notes?: string[];
    }
  | { kind: 'rejected'; t: number; rejections: Rejection[]; queries: string[] };
