import type { CheckRunner } from '../checks/runner.ts';
import type { FlagProvider } from '../flags/provider.ts';
import type { MetricSource } from '../metrics/source.ts';
import type { ReferenceReport } from '../plans/flag/references.ts';
import type { RolloutStore } from '../store/store.ts';

/** What the activities act on; `app/` puts the real parts together. */
export interface ActivityParts {
  store: RolloutStore;
  provider(name: string): FlagProvider;
  source(name: string): MetricSource;
  /** Tells the workflow of a hard stop past the gate's own return; rejects when Temporal does not answer in time. */
  tellHardStop(
    rolloutId: string,
    workflowId: string,
    message: { gate: number; report: unknown },
  ): Promise<void>;
  /** Asks the checks of plans. */
  checks: CheckRunner;
  /** What repositories last reported to name the flag. */
  references(flag: string): Promise<ReferenceReport[]>;
  /** Wakes the sender of notifications. */
  kickNotifications(): void;
  log: { info(details: object, text: string): void; warn(details: object, text: string): void };
}
