import type { Exposure } from '../../plans/exposure.ts';
import type { FlagShape, FlagTarget } from '../provider.ts';

/** What a platform can do. A plan that asks for more is refused before its start. */
export interface Capabilities {
  /** False: it only says what somebody else does. */
  moves: boolean;
  /** Makes a flag that is not there yet; otherwise a person does. */
  creates: boolean;
  /** Smallest step, in percent. */
  step: number;
  /**
   * How segments are carried out: by the attributes of `segments` in tidegate.yaml, by a group of the same name to which the
   * application assigns users, or not at all.
   */
  segments: 'attributes' | 'groups' | 'none';
  /** Whether another attribute than `targetingKey` can keep a user in a cohort. */
  stickiness: 'any' | 'targetingKey';
  /** Values of variants other than true and false. */
  variants: boolean;
  /** Whether the platform itself refuses a write onto another version than was read. */
  compareAndSet: boolean;
  /** Whether it says who changed a flag. */
  tellsWho: boolean;
}

/** What the platform serves now. */
export interface Sighting {
  exposure: Exposure;
  /** Changes with every change that anybody makes to the flag in this environment. */
  version: string;
  changedBy: string | null;
}

/** The flag on the platform. `shape` is the plan's: variants and stickiness. */
export interface PlatformFlag extends FlagTarget {
  shape: FlagShape;
}

export interface PlatformWrite extends PlatformFlag {
  exposure: Exposure;
  /** Version that was read before; null: whatever is in force (a lowering). */
  expected: string | null;
  author: string;
  reason: string;
}

/** `sighting`: what the platform answered that it serves now; null where it only says that it has taken it. */
export type PlatformAnswer = { kind: 'taken'; sighting: Sighting | null } | { kind: 'conflict' };

/**
 * One file per flag platform implements this, and nothing else: who may write, what a kill means and what drift is stands in
 * `foreign.ts`. Errors: `PLATFORM_UNREACHABLE` (try again; the write may have landed), `PLATFORM_REFUSED`,
 * `FLAG_UNSUPPORTED`, `FLAG_UNKNOWN`.
 */
export interface Platform {
  /** As in `providers` of tidegate.yaml. */
  readonly name: string;
  readonly kind: string;
  /** For people, without secrets. */
  readonly where: string;
  readonly can: Capabilities;
  /** Whether a version never comes again, as a counter's does, or is a digest of what is served. */
  readonly uniqueVersions: boolean;
  /** Null: there is no such flag. */
  read(flag: PlatformFlag): Promise<Sighting | null>;
  /** Safe to repeat. */
  write(write: PlatformWrite): Promise<PlatformAnswer>;
  /** What a plan needs that only the platform knows, such as the environment; each line says what to do. */
  lacks(flag: PlatformFlag): Promise<string[]>;
  /** Tries the connection. Returns what is worth telling. */
  check(): Promise<string>;
}
