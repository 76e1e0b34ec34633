import type { ExplainedDimension, ExplainedValue } from '../plans/explanation.ts';
import type { LatencyMetric, RatioMetric } from '../plans/metric.ts';
import type { Cell } from './cells.ts';

/** How a breakdown is to be read. */
export interface Search {
  metric: RatioMetric | LatencyMetric;
  /** Whose counts were the evidence, and the edge in seconds of a latency. */
  counted: 'bad' | 'good';
  edge: number | null;
  /** The label that tells instances apart. */
  replicas: string;
  /** Dispersion at the age of what is searched; `assumed`: it is the plan's `noise`. */
  G: number;
  assumed: boolean;
}

/** The whole, in bad events. */
export interface Whole {
  cell: Cell;
  /** The baseline's rate; 0 without a baseline. */
  rate: number;
  excess: number;
}

/** What one label tells; `rows` are aligned with `cells`. `outcomes`: its values say what became of a request. */
export interface Weighed {
  label: string;
  kind: 'values' | 'outcomes' | 'instances';
  cells: readonly Cell[];
  rows: readonly ExplainedValue[];
  mix: ExplainedDimension['mix'];
  note: string | null;
}
