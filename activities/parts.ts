import type { CheckRunner } from '../checks/runner.ts';
import type { FlagProvider } from '../flags/provider.ts';
import type { MetricSource } from '../metrics/source.ts';
import type { Evidence } from '../plans/before.ts';
import type { ReferenceReport } from '../plans/flag/references.ts';
import type { AlertRule } from '../plans/preflight.ts';
import type { FlagRevision, FlagTarget } from '../store/flag-contract.ts';
import type { RolloutStore } from '../store/store.ts';

/** What the activities act on; `app/` puts the real parts together. */
export interface ActivityParts {
  store: RolloutStore;
  provider(name: string): FlagProvider;
  source(name: string): MetricSource;
  /** Tells the workflow of a stop past the gate's own return; rejects when Temporal does not answer in time. */
  tellStop(
    rolloutId: string,
    workflowId: string,
    message: { what: string; gate: number; report: unknown },
  ): Promise<void>;
  /** Rejects when Temporal does not answer in time: nothing that a gate returns would reach its workflow. */
  reachTemporal(): Promise<void>;
  /** Asks the checks of plans. */
  checks: CheckRunner;
  /** The alerting rules of a source; null: it has no list of them. Throws `PROMETHEUS_UNREACHABLE`. */
  alertRules(source: string): Promise<AlertRule[] | null>;
  /** What was told of a rollout before it begins. */
  evidence(rolloutId: string): Promise<Evidence[]>;
  /** Revisions of a flag, the newest first. */
  flagHistory(target: FlagTarget, limit: number): Promise<FlagRevision[]>;
  /** What repositories last reported to name the flag. */
  references(flag: string): Promise<ReferenceReport[]>;
  /** Settles when this worker is to end. */
  stopped: Promise<unknown>;
  /** Wakes the sender of notifications. */
  kickNotifications(): void;
  log: { info(details: object, text: string): void; warn(details: object, text: string): void };
}
