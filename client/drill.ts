import type { Client, FlagMetadata } from '@openfeature/server-sdk';
import type { Assignment } from './assignment.ts';
import { share } from './hash.ts';

/** The new path made bad on purpose, to see that the rollout is rolled back. */
export interface Drill {
  /** Share of the drilled users' requests that fail, 0 to 1. */
  errorRate: number;
  /** Milliseconds by which their other requests are late. */
  latencyMs: number;
  /** Share of the canary's users that the drill may touch, in percent. */
  percent: number;
}

/** Thrown by a drill in place of calling the new path. */
export class DrillError extends Error {
  override readonly name = 'DrillError';
  /** What metrics by code count: a drill that they did not see would rehearse nothing. */
  readonly status = 503;

  constructor(flag: string) {
    super(`A drill fails the new path of ${flag} on purpose.`);
  }
}

export interface DrillOptions {
  /** Key of the flag that holds the drill of a flag, an object with the fields of `Drill`. Default: metadata alone. */
  flag?: (flag: string) => string;
  /** No drill touches more of the canary's users than this, in percent. Default 10. */
  mostPercent?: number;
}

const DEFAULT_PERCENT = 5;
const MOST_PERCENT = 10;
/** Longer than that teaches nothing that a time-out would not. */
const MOST_LATENCY = 60_000;

/**
 * The drill that this user's request is part of, or null. Looked for in the flag's metadata
 * (`tidegate.drill.errorRate`, `tidegate.drill.latencyMs`, `tidegate.drill.percent`, until `tidegate.drill.until`) and then in the second flag.
 */
export async function drillOf(
  assignment: Assignment,
  { client, options }: { client: Client; options: DrillOptions },
): Promise<Drill | null> {
  const drill = inMetadata(assignment.metadata) ?? (await inFlag(assignment, { client, options }));
  return touches(drill, assignment, options) ? drill : null;
}

/** The same for synchronous paths, which cannot ask a second flag. */
export function drillNow(assignment: Assignment, options: DrillOptions): Drill | null {
  const drill = inMetadata(assignment.metadata);
  return touches(drill, assignment, options) ? drill : null;
}

/** Always the same users, and not those whom another flag's drill touches. */
function touches(
  drill: Drill | null,
  { flag, user }: Assignment,
  { mostPercent = MOST_PERCENT }: DrillOptions,
): boolean {
  return drill !== null && share(`drill ${flag} ${user}`) * 100 < Math.min(drill.percent, mostPercent);
}

function inMetadata(metadata: FlagMetadata): Drill | null {
  const until = metadata['tidegate.drill.until'];
  // Whoever began it may be gone, and so may be everybody who could end it.
  if (typeof until === 'number' && Date.now() >= until) return null;
  return drillFrom((field) => metadata[`tidegate.drill.${field}`]);
}

async function inFlag(
  { flag, context }: Assignment,
  { client, options }: { client: Client; options: DrillOptions },
): Promise<Drill | null> {
  if (options.flag === undefined) return null;
  const value = await client.getObjectValue(options.flag(flag), {}, context);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = value as Record<string, unknown>;
  return drillFrom((field) => fields[field]);
}

function drillFrom(field: (name: string) => unknown): Drill | null {
  const errorRate = within(field('errorRate'), 1);
  const latencyMs = within(field('latencyMs'), MOST_LATENCY);
  if (errorRate === 0 && latencyMs === 0) return null;
  const percent = field('percent') === undefined ? DEFAULT_PERCENT : within(field('percent'), 100);
  return { errorRate, latencyMs, percent };
}

/** What is no number in the range breaks nothing. */
function within(value: unknown, most: number): number {
  return typeof value === 'number' && value >= 0 && value <= most ? value : 0;
}
