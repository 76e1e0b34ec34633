import type { Client, EvaluationContext } from '@openfeature/server-sdk';
import type { Assignment, Mode } from './assignment.ts';
import type { DrillOptions } from './drill.ts';
import type { CohortMetrics } from './metrics.ts';
import type { PathMetrics } from './path-metrics.ts';
import type { Recorder } from './recorder.ts';
import type { ShadowRequest } from './run.ts';
import type { Shadows } from './shadows.ts';

/** What `serve.ts` works with. */
export interface DispatcherParts {
  client: Client;
  cohorts: CohortMetrics;
  metrics: PathMetrics;
  shadows: Shadows;
  /** Null: the application allows no drills. */
  drills: DrillOptions | null;
  recorder: Recorder | null;
  random: () => number;
  /** Where a request does not say. */
  shadow: Pick<ShadowRequest, 'sample' | 'timeoutMs'>;
  mode: (assignment: Assignment) => Mode;
  variants: (flag: string) => { baseline: string; canary: string };
  /** Assigns, or within a shadow only looks, and goes on with it. */
  assignAnd: <T>(
    asked: { flag: string; context: EvaluationContext; quiet: boolean },
    next: (assignment: Assignment) => T | Promise<T>,
  ) => Promise<T>;
}

/** Whether anything of the new path reaches the user. */
export function servesCanary({ cohort }: Assignment, mode: Mode): boolean {
  return cohort === 'canary' && (mode === 'live' || mode === 'shadow');
}
