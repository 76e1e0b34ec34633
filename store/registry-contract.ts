import type { Exposure } from '../plans/exposure.ts';
import type { SegmentSpec, SharedSegment } from '../plans/flag/segment.ts';
import type { FlagSpec } from '../plans/flag/spec.ts';
import type { FlagDefinition, FlagRevision, FlagState, FlagTarget } from './flag-contract.ts';

/** Variants and rules of a flag as somebody wants them from now on. */
export interface FlagContents {
  shape: Omit<FlagDefinition, 'safe'>;
  spec: FlagSpec;
}

/** Who changes something, and why. */
export interface By {
  author: string;
  reason: string;
}

export interface SegmentRevision {
  revision: number;
  /** Null: removed. */
  spec: SegmentSpec | null;
  member: { key: string; change: 'joined' | 'left' | 'forgotten' } | null;
  author: string;
  reason: string;
  at: number;
}

/** What an undo leaves: the exposure or the rules of the old revision may be more than may be given now. */
export interface Undone {
  flag: FlagState;
  /** Why the exposure was not taken back with the rest; null when it was. */
  kept: 'latched' | 'owned' | null;
}

/**
 * What people change of flags and segments. Each change is one transaction, one revision with author and reason, and
 * one notice; what is the same already is none. Errors: `FLAG_UNKNOWN`, `FLAG_EXISTS`, `FLAG_INVALID` and
 * `SEGMENT_INVALID` with every place, `FLAG_LATCHED`, `FLAG_OWNED`, `REVISION_UNKNOWN`, `SEGMENT_UNKNOWN`,
 * `SEGMENT_IN_USE`, `SEGMENT_FULL`, `POSTGRES_UNREACHABLE`.
 */
export interface FlagRegistry {
  /**
   * Changes as one transaction: all of them, or none where one is refused. Where a flag is lowered meanwhile `work` is given up and done again from
   * its beginning, since rows that are changed are held to its end. `FLAGS_BUSY` where that never ends.
   */
  together<T>(work: (registry: FlagRegistry) => Promise<T>): Promise<T>;
  read(target: FlagTarget): Promise<FlagState | null>;
  flags(environment: string): Promise<FlagState[]>;
  /** Where there is a flag of this key. */
  environments(key: string): Promise<string[]>;
  /** Makes a flag, at nobody, or changes what it is; `create`: only if there is none. The exposure stays. */
  put(target: FlagTarget, wanted: FlagContents & { create: boolean }, by: By): Promise<FlagState>;
  /** Drift for a rollout that owns the flag. Through a latch only downwards. */
  move(target: FlagTarget, to: { exposure: Exposure; live: boolean }, by: By): Promise<FlagState>;
  /** The newest first. */
  history(target: FlagTarget, limit: number): Promise<FlagRevision[]>;
  revision(target: FlagTarget, revision: number): Promise<FlagRevision>;
  /** The flag as it was at a revision, as a new one. Raises nothing that a rollout owns or a kill holds. */
  undo(target: FlagTarget, revision: number, by: By): Promise<Undone>;
  segments(): Promise<SharedSegment[]>;
  segment(name: string): Promise<SharedSegment>;
  putSegment(spec: SegmentSpec, by: By): Promise<SharedSegment>;
  removeSegment(name: string, by: By): Promise<void>;
  /** A person joins or leaves; forgotten: neither any more. */
  enrol(name: string, key: string, change: 'joined' | 'left' | 'forgotten', by: By): Promise<SharedSegment>;
  /** As it was, people included; null: removed. */
  segmentAt(name: string, revision: number): Promise<SharedSegment | null>;
  /** Its definition as it was at a revision, as a new one. Who has joined or left since stays. */
  undoSegment(name: string, revision: number, by: By): Promise<SharedSegment>;
  /** The newest first. */
  segmentRevisions(name: string): Promise<SegmentRevision[]>;
}
