import type { ExplainedDimension, ExplainedValue } from '../plans/explanation.ts';
import type { Metric } from '../plans/metric.ts';
import type { Cell } from './cells.ts';

/** How a breakdown is to be read. */
export interface Search {
  metric: Metric;
  /** Whose counts were the evidence, and the edge in seconds of a latency. */
  counted: 'bad' | 'good';
  edge: number | null;
  /** The label that tells instances apart. */
  replicas: string;
  /**
   * How much equal cohorts differ at the age of what is searched: the factor of counts, of values the variance of their sum per unit
   * of weight as a share of their level squared. `assumed`: it is the plan's `noise`.
   */
  G: number;
  /** The same of equal halves of the baseline. */
  baselineG: number;
  assumed: boolean;
  /** Whose hours of the day, and the seconds of a window. */
  timezone: string;
  poll: number;
}

/** The whole, in bad events, or in what is worse when larger. */
export interface Whole {
  cell: Cell;
  /** The baseline's rate; 0 without a baseline. */
  rate: number;
  excess: number;
}

/** What one label tells; `rows` are aligned with `cells`. `outcomes`: its values say what became of a request. `hours`: it is the time. */
export interface Weighed {
  label: string;
  kind: NonNullable<ExplainedDimension['kind']>;
  cells: readonly Cell[];
  rows: readonly ExplainedValue[];
  mix: ExplainedDimension['mix'];
  note: string | null;
}
