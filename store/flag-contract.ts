import type { FlagDrill } from '../plans/drill.ts';
import type { Exposure } from '../plans/exposure.ts';
import type { Lifecycle } from '../plans/flag/lifecycle.ts';
import type { SharedSegment } from '../plans/flag/segment.ts';
import type { FlagSpec } from '../plans/flag/spec.ts';

/*
 * The same shapes as in `flags/provider.ts`, which the store may not import: `flags/embedded.ts` hands this
 * store on as a provider, and the compiler compares the two.
 */

export interface FlagTarget {
  environment: string;
  key: string;
}

export interface FlagLatch {
  by: string;
  reason: string;
  at: string;
}

export interface FlagDefinition {
  variants: Record<string, unknown>;
  baseline: string;
  canary: string;
  stickiness: string;
  /** Where a kill ends when its caller names nothing. Absent: nobody. `frozen`: what is in force right then. */
  safe?: Exposure | 'frozen';
  /** The platform that serves it, by its name in `tidegate.yaml`. Absent: Tidegate itself. */
  provider?: string;
}

/** What the exposure is worth only until then (milliseconds since 1970), unless the owner's gate renews it. */
export interface FlagLease {
  until: number;
  /**
   * Where the flag goes back to, in each application by itself. Once the exposure is this one, the lease has run out:
   * one that is in force would lower something.
   */
  fallback: Exposure;
}

/** A lease as it is asked for: its time begins when the store takes it. */
export interface LeaseTerms {
  seconds: number;
  fallback: Exposure;
}

/** A rollout has completed the flag's decommission stage: the old path is gone, and a kill would send users to it. */
export interface Decommissioned {
  rolloutId: string;
  /** Where the way back for the code is written down, as the plan names it. */
  runbook: string | null;
}

/** A flag as it stands: what a provider reads, the definition that is served, and who changed it last. */
export interface FlagState extends FlagTarget {
  exposure: Exposure;
  revision: number;
  epoch: number;
  rolloutId: string | null;
  latch: FlagLatch | null;
  /** Absent or null: the exposure holds until somebody changes it. */
  lease?: FlagLease | null;
  /** The new path is broken on purpose; each change of the flag ends it. Absent or null: it is not. */
  drill?: FlagDrill | null;
  /** Null again once another rollout claims the flag. */
  decommissioned: Decommissioned | null;
  shape: FlagDefinition;
  /** Rules, prerequisites and the entry in the registry. Null: made by a rollout before there were such. */
  spec: FlagSpec | null;
  /** Whether rules, opt-ins and splits apply. Whatever takes the exposure to nobody ends it. */
  live: boolean;
  /** What the last change by a rollout made of it. */
  lifecycle: Lifecycle;
  /** Milliseconds since 1970. */
  createdAt: number;
  updatedAt: number;
  updatedBy: string;
}

export interface FlagChange extends FlagTarget {
  rolloutId: string;
  epoch: number;
  exposure: Exposure;
  /** Absent: none, whatever was there before. */
  lease?: LeaseTerms;
  direction: 'raise' | 'lower';
  /** The last lowering of its rollout: no raise of it that is still on its way lands afterwards. */
  final?: true;
  expectedRevision: number | null;
  author: string;
  reason: string;
}

export type FlagChangeResult =
  | { kind: 'written'; before: number; after: number; epoch: number }
  | { kind: 'unchanged'; revision: number; epoch: number }
  | { kind: 'refused'; why: 'stale-epoch' | 'latched' | 'drift' | 'not-owner'; current: FlagState };

/** What must hold for a lease to be renewed (`terms` null: ended, the exposure being proven). */
export interface LeaseRenewal {
  rolloutId: string;
  epoch: number;
  revision: number;
  terms: LeaseTerms | null;
}

export type FlagRenewalResult =
  | { kind: 'renewed'; reading: FlagState }
  | { kind: 'refused'; current: FlagState };

export type FlagClaimResult =
  | { kind: 'claimed'; reading: FlagState }
  | { kind: 'refused'; why: 'latched' | 'owned'; current: FlagState };

export interface FlagRevision extends FlagTarget {
  revision: number;
  exposure: Exposure;
  epoch: number;
  /** The rollout that made the change; null for a person. */
  rolloutId: string | null;
  author: string;
  reason: string;
  at: number;
  /** All of the flag at this revision; null in revisions of versions that did not keep it. */
  content: FlagContent | null;
}

/** What of a flag a revision keeps beside its exposure. */
export interface FlagContent {
  shape: FlagDefinition;
  spec: FlagSpec | null;
  live: boolean;
  latched: boolean;
  /** The exposure was found on the platform: somebody else has set it. Absent: it was ordered here. */
  found?: true;
}

/** What `NOTIFY` carries on this channel, in the same transaction as the change: `FlagNotice` as JSON. */
export const FLAGS_CHANNEL = 'tidegate_flags';
export interface FlagNotice extends FlagTarget {
  revision: number;
  /** When the flag's lease ends; absent: it has none. */
  lease?: number;
  /** The id of the drill that runs; absent: none does. */
  drill?: string;
  /** Nobody gets the canary from this revision on: it is read before all else. */
  stops?: true;
}

/**
 * Flags in PostgreSQL. Each change is one transaction that holds the flag's row, one revision with author and
 * reason, and one notice; a renewed lease is a notice without a revision. A lease that has run out becomes a revision
 * of its own before anything else is read or done. Errors: `FLAG_UNKNOWN`, `FLAG_NOT_LATCHED`, `FLAG_LATCHED`, `POINT_OF_NO_RETURN` of a
 * kill, `POSTGRES_UNREACHABLE`.
 */
export interface FlagStore {
  read(target: FlagTarget): Promise<FlagState | null>;
  list(environment?: string): Promise<FlagState[]>;
  /** Segments that are not in tidegate.yaml, by name. */
  segments(): Promise<SharedSegment[]>;
  /** Revisions, the newest first. */
  revisions(target: FlagTarget, limit?: number): Promise<FlagRevision[]>;
  /** Makes the rollout the owner with a new epoch; a new flag begins at no exposure. The owner keeps its epoch. */
  claim(target: FlagTarget, shape: FlagDefinition, rolloutId: string): Promise<FlagClaimResult>;
  /** A `lower` that would widen the exposure now in force is judged like a raise. */
  write(change: FlagChange): Promise<FlagChangeResult>;
  /** Lengthens or ends the lease of the exposure in force, as no new revision; never of one that has run out. */
  renew(target: FlagTarget, renewal: LeaseRenewal): Promise<FlagRenewalResult>;
  /** Ends the ownership if it is this rollout's, and the lease: what a rollout leaves behind holds. */
  release(target: FlagTarget, rolloutId: string): Promise<void>;
  /** Exposure to `safe` (null: what the shape says), but never wider than it is. The first latch stays. */
  kill(target: FlagTarget, safe: Exposure | null, latch: FlagLatch): Promise<FlagState>;
  unlock(target: FlagTarget, by: string, reason: string): Promise<FlagState>;
  /** Somebody moves the flag by hand; its owner will see drift. Through a latch only downwards. */
  set(target: FlagTarget, exposure: Exposure, author: string, reason: string): Promise<FlagState>;
}
