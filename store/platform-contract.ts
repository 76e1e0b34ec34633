import type { Exposure } from '../plans/exposure.ts';
import type { FlagChange, FlagState, FlagTarget } from './flag-contract.ts';
import type { Ruling } from './flag-rules.ts';

/** What a platform serves of a flag. */
export interface Sight {
  exposure: Exposure;
  /** Of the flag on the platform: changes with every change that anybody makes. */
  version: string;
  /** Who changed it last, where the platform tells. */
  changedBy: string | null;
  /** Whether a version never comes again (a counter, an ETag), and not a digest of what is served. */
  unique: boolean;
  /** True for the answer to a write: it is never older than what was read before. */
  fresh?: true;
  /** True where the platform was asked in passing, and not by who has just written: a write may be half done. */
  passing?: true;
}

/** What a sighting means. `pending`: what remains of a raise that was sent and not yet seen. */
export type PlatformRuling =
  /** The platform serves what it should. */
  | { kind: 'settled'; pending: PendingRaise | null }
  /** It gives more than it should: an order to lower has not reached it, or a void write of ours has. */
  | { kind: 'push'; pending: PendingRaise | null }
  /** The raise that was sent has landed. */
  | { kind: 'landed'; rolloutId: string; author: string; reason: string }
  /** Somebody else has changed it. */
  | { kind: 'drift'; rolloutId: null; author: string; reason: string }
  /** An answer from before the last change that was seen, or from the middle of one. */
  | { kind: 'stale' }
  /** The flag was changed between the question and the answer. */
  | { kind: 'raced' };

/** A raise that has been sent to a platform, or is about to be, and that the platform has not confirmed. */
export interface PendingRaise {
  rolloutId: string;
  exposure: Exposure;
  author: string;
  reason: string;
  /** The flag's revision it was decided on: with another one in force it is void. */
  revision: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** What is known of a flag on its platform. */
export interface PlatformLink extends FlagTarget {
  provider: string;
  /** What the platform served when it was last seen; null: never seen. */
  applied: Exposure | null;
  version: string | null;
  past: string[];
  pending: PendingRaise | null;
  /** Counts the changes of this row, so that an answer from before one is told from news. */
  turn: number;
  /** Milliseconds since 1970. */
  seenAt: number;
}

export interface LinkedFlag {
  flag: FlagState;
  link: PlatformLink;
}

export type Intention =
  | { kind: 'go'; linked: LinkedFlag }
  | { kind: Exclude<Ruling, 'write'>; current: FlagState };

/**
 * Flags on foreign platforms. Owner, epoch, latch and the exposure that should be are those of `flags`; this adds what
 * the platform was seen to serve, so that somebody else's move is told from our own write that landed late.
 */
export interface PlatformStore {
  /** Null: no such flag, or none that is linked to a platform. */
  read(target: FlagTarget): Promise<LinkedFlag | null>;
  /** Flags whose platform does not serve what it should, or may still get a write that is void: for a minute after each change. */
  unsettled(provider: string): Promise<LinkedFlag[]>;
  /** Begins to follow a flag that was claimed for this platform. */
  link(target: FlagTarget, provider: string): Promise<void>;
  /** Judges a raise and, if it may go, keeps it as pending before anything is sent. */
  intend(change: FlagChange): Promise<Intention>;
  /** Takes in what the platform serves. `seen`: the state that was known before the platform was asked. */
  observe(seen: LinkedFlag, sight: Sight): Promise<{ ruling: PlatformRuling; linked: LinkedFlag }>;
}
