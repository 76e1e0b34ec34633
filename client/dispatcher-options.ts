import type { Client, EvaluationContext } from '@openfeature/server-sdk';
import type { Registry } from 'prom-client';
import type { Assignment, Mode } from './assignment.ts';
import type { Cohort } from './cohort.ts';
import type { DrillOptions } from './drill.ts';
import type { FlagShape } from './evaluate.ts';
import type { ExamplesOptions } from './examples.ts';
import type { LabelLimits } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import type { ShadowQueueOptions } from './shadow-queue.ts';

/** Who wants to know which user got which variant, such as product analytics. */
export interface AssignmentSink {
  assigned(assignment: Assignment): void;
  close(): Promise<void>;
}

export interface DispatcherOptions {
  /** Label `service` of all metrics. */
  service: string;
  /** Default: OpenFeature's client without a domain. */
  client?: Client;
  /** Default: prom-client's own. */
  registry?: Registry;
  /** First word of the names of the cohorts' metrics. Default `tidegate`. */
  prefix?: string;
  /** Seconds. */
  buckets?: readonly number[];
  limits?: Partial<LabelLimits>;
  /** Flags that are not boolean, or whose variants are not called `off` and `on`. */
  flags?: Readonly<Record<string, FlagShape>>;
  /** Default: everybody is `public`. */
  audience?: (context: EvaluationContext) => Cohort['audience'];
  /** Default: the context's `tenant`. */
  tenant?: (context: EvaluationContext) => string | undefined;
  /** Changes the context before the flag sees it. Metrics and logs keep the original. */
  transform?: (context: EvaluationContext) => EvaluationContext;
  /** Default: what the flag's metadata says under `tidegate.mode`, else `live`. */
  mode?: Mode | ((assignment: Assignment) => Mode);
  shadow?: ShadowQueueOptions & {
    /** Share of requests where a request does not say. Default 1. */
    sample?: number;
    /** Milliseconds. Default 10,000. */
    timeoutMs?: number;
  };
  examples?: ExamplesOptions;
  recorder?: Recorder;
  assignments?: readonly AssignmentSink[];
  /** Lets drills break the new path on purpose. Default false. */
  drills?: boolean | DrillOptions;
  /** For tests. */
  random?: () => number;
}
