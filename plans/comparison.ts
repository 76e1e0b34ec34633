import { z } from 'zod';

/** What one cohort showed: the value, and the requests or observations behind it. No value: it is not known. */
export const ComparedValue = z.strictObject({
  value: z.number().nullable(),
  of: z.number().nullable(),
  /** The quantile lies beyond the last bucket edge, which is the value. */
  beyond: z.boolean(),
});
export type ComparedValue = z.infer<typeof ComparedValue>;

export const RowKind = z.enum(['requests', 'users', 'ratio', 'quantile', 'slow', 'mean', 'gauge']);
export type RowKind = z.infer<typeof RowKind>;

const Verdict = z.enum(['pass', 'hold', 'soft', 'hard', 'no-data']);

/** One line of a comparison. Rates and shares are of 1, quantiles in seconds, means and gauges in their own unit. */
export const ComparisonRow = z.strictObject({
  kind: RowKind,
  /** Name of the metric in the plan; null for requests and users. */
  metric: z.string().nullable(),
  /** The part of the traffic, as the plan writes it; null: all of it. */
  slice: z.string().nullable(),
  /** Of a latency: which quantile, or the edge in seconds above which a request counts as slow. */
  quantile: z.number().nullable(),
  edge: z.number().nullable(),
  baseline: ComparedValue,
  canary: ComparedValue,
  /**
   * Canary minus baseline; where polls are compared one by one, the mean of their differences, which is what the
   * interval is about. Of requests and users: the canary's share of both.
   */
  difference: z.number().nullable(),
  /** As a share of the baseline's value. */
  relative: z.number().nullable(),
  /** Confidence sequence of the difference, valid at every look. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  /** The margins in force, in words. */
  acceptable: z.string().nullable(),
  verdict: Verdict.nullable(),
  /** It is shown to be safe; null: the stage asks for no proof. */
  proven: z.boolean().nullable(),
  /** What a reader must know of this row, such as why it has no interval. */
  note: z.string().nullable(),
});
export type ComparisonRow = z.infer<typeof ComparisonRow>;

/** Both cohorts of one visit of a stage side by side: what its gate saw until its last window. */
export const Comparison = z.strictObject({
  stage: z.string(),
  /** A stage that was entered again has several; counts from 1. */
  visit: z.number(),
  /** The plan whose margins and minimums are shown: the one that judged its last window. */
  planRevision: z.number(),
  state: z.enum(['now', 'past', 'ahead']),
  /** Seconds since the rollout began: begin of the first window, end of the last. */
  from: z.number().nullable(),
  to: z.number().nullable(),
  /** False where the canary's users are no random share, or are everybody. */
  compared: z.boolean(),
  /** Confidence of the intervals. */
  level: z.number(),
  verdict: Verdict.nullable(),
  metric: z.string().nullable(),
  reason: z.string(),
  /** ln of the evidence that the canary is worse than its margins, and what a stop needs. */
  lnE: z.number(),
  threshold: z.number(),
  polls: z.strictObject({ used: z.number(), ignored: z.number(), rejected: z.number() }),
  rows: z.array(ComparisonRow),
  notes: z.array(z.string()),
});
export type Comparison = z.infer<typeof Comparison>;
