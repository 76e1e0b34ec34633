import type { FlagDrill } from '../plans/drill.ts';
import type { Exposure } from '../plans/exposure.ts';
import type { FlagSpec } from '../plans/flag/spec.ts';

/** What a platform says about a flag right now. */
export interface FlagReading {
  environment: string;
  key: string;
  exposure: Exposure;
  revision: number;
  epoch: number;
  /** The rollout that owns the flag, if any. */
  rolloutId: string | null;
  latch: Latch | null;
  lease?: Lease | null;
  /** Who made the present revision, where that is known. */
  changedBy?: string;
  /**
   * True when the answer stands in an emergency latch file only, because PostgreSQL was away: the exposure is what is
   * served, revision and epoch are the last ones known. The flag service carries it over when PostgreSQL is back.
   */
  offline?: true;
}

/** What a flag service serves and what the store keeps: the reading and the shape behind it. */
export interface FlagRecord extends FlagReading {
  shape: FlagShape;
  /** Rules and prerequisites of a flag that has some. */
  spec?: FlagSpec | null;
  /** The new path is broken on purpose, in applications that take part. */
  drill?: FlagDrill | null;
  /** Whether its rules, opt-ins and splits apply. */
  live?: boolean;
}

/**
 * The exposure holds only until then (milliseconds since 1970) unless it is renewed, and then goes back to `fallback` by
 * itself. An exposure that is the fallback got there that way.
 */
export interface Lease {
  until: number;
  fallback: Exposure;
}

export interface LeaseTerms {
  seconds: number;
  fallback: Exposure;
}

/** Renews the lease of the revision in force; `terms` null ends it. */
export interface LeaseRenewal {
  rolloutId: string;
  epoch: number;
  revision: number;
  terms: LeaseTerms | null;
}

/** Set by a kill: nothing raises the flag again until a person unlocks it. */
export interface Latch {
  by: string;
  reason: string;
  at: string;
}

/** A flag that others move, as it is served right now. */
export interface ServedFlag {
  exposure: Exposure;
  /** Null: the platform counts none. */
  revision: number | null;
  lease?: Lease | null;
  changedBy?: string;
}

export interface FlagTarget {
  environment: string;
  key: string;
}

/** Variants and stickiness, taken from the plan when a rollout claims the flag. */
export interface FlagShape {
  variants: Record<string, unknown>;
  baseline: string;
  canary: string;
  stickiness: string;
  /** Where a kill ends when its caller names nothing. Absent: exposure 0. `frozen`: what is served right then. */
  safe?: Exposure | 'frozen';
  /** The platform that serves it, by its name in `tidegate.yaml`. Absent: Tidegate itself. */
  provider?: string;
}

export interface FlagWrite extends FlagTarget {
  rolloutId: string;
  epoch: number;
  exposure: Exposure;
  /** Absent: the exposure holds until it is changed. A platform without `renew` has no leases. */
  lease?: LeaseTerms;
  /** A lowering write of the owner is taken at any epoch and through a latch; a raising one is not. */
  direction: 'raise' | 'lower';
  /** The last lowering of its rollout: no raise of it that is still on its way lands afterwards. */
  final?: true;
  /** Revision that the writer believes is in force; a raise onto another one is drift and is refused. */
  expectedRevision: number | null;
  author: string;
  reason: string;
}

export type FlagWriteResult =
  | { kind: 'written'; before: number; after: number; epoch: number }
  /** The same write had already landed: a retry after a time-out. */
  | { kind: 'unchanged'; revision: number; epoch: number }
  /**
   * A lowering write while PostgreSQL was away: served at once from an emergency latch file and carried over to
   * PostgreSQL later, which then has a new revision. `before` is the last revision known, null when none is.
   */
  | { kind: 'written-offline'; before: number | null }
  | { kind: 'refused'; why: 'stale-epoch' | 'latched' | 'drift' | 'not-owner'; current: FlagReading };

export type ClaimResult =
  | { kind: 'claimed'; reading: FlagReading }
  | { kind: 'refused'; why: 'latched' | 'owned'; current: FlagReading };

/** One file per platform implements this. Every method is safe to repeat. */
export interface FlagProvider {
  readonly name: string;
  read(target: FlagTarget): Promise<FlagReading | null>;
  /** What is served, of any flag: no rollout need have claimed it, and nothing is kept, sent or settled. */
  look(target: FlagTarget, shape: FlagShape): Promise<ServedFlag | null>;
  /** Makes the rollout the owner, raises the epoch, creates the flag if it is new. */
  claim(target: FlagTarget, shape: FlagShape, rolloutId: string): Promise<ClaimResult>;
  write(write: FlagWrite): Promise<FlagWriteResult>;
  /** Where the platform has leases. False: what was to be renewed is no longer in force. */
  renew?(target: FlagTarget, renewal: LeaseRenewal): Promise<boolean>;
  /** Ends the ownership and a lease; the exposure stays as it is. */
  release(target: FlagTarget, rolloutId: string): Promise<void>;
  /**
   * Exposure to `safe`, epoch up, latch set: the one write that needs no owner. Returns the reading after it;
   * `POINT_OF_NO_RETURN` once the old path is decommissioned.
   */
  kill(target: FlagTarget, safe: Exposure | null, latch: Latch): Promise<FlagReading>;
  unlock(target: FlagTarget, by: string, reason: string): Promise<FlagReading>;
}
