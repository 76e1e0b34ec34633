import type { EvaluationContext, FlagMetadata } from '@openfeature/server-sdk';
import type { Cohort } from './cohort.ts';

/** Which path a flag gave to a user. */
export interface Assignment extends Cohort {
  /** The path that the flag gives: `baseline` is the old one, `canary` the new one. */
  cohort: 'baseline' | 'canary';
  /** The targeting key; empty for a caller without one. */
  user: string;
  tenant?: string | undefined;
  /** OpenFeature's reason; `ERROR` where the flag could not be evaluated and the baseline holds. */
  reason: string;
  /** Why it could not: `FLAG_NOT_FOUND`, `PROVIDER_NOT_READY` and so on. */
  errorCode?: string | undefined;
  /** What the flag's definition carries along: Tidegate's says its `revision`, and `rolloutId` while one is active. */
  metadata: FlagMetadata;
  context: EvaluationContext;
}

/** How a path serves a flag: see docs/client.md. */
export type Mode = 'live' | 'shadow' | 'dark' | 'aa';

export const MODES: readonly Mode[] = ['live', 'shadow', 'dark', 'aa'];

/** The key of a flag's metadata that names its mode. */
export const MODE_METADATA = 'tidegate.mode';
