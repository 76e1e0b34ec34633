import { z } from 'zod';

/**
 * Who gets the canary: `percent` of everyone by the sticky key, and every member of the segments.
 * `variant` replaces the canary variant for the exposed users (the safe exposure of a forward-only plan).
 */
export const Exposure = z.strictObject({
  percent: z.number().min(0).max(100),
  segments: z.array(z.string()),
  variant: z.string().nullable(),
  /**
   * Nobody is served by the new path: `tidegate/client` runs it behind every request of the old one (`shadow`), or behind those
   * of the users of `percent` (`dark`), or runs it nowhere and counts those users as the canary (`aa`). Absent: whoever gets the
   * canary is served by it.
   */
  mode: z.enum(['shadow', 'dark', 'aa']).optional(),
  /** Segments whose members do not have it, whatever else would give it to them; tenants as `tenant=acme`. Absent: none. */
  without: z.array(z.string()).min(1).optional(),
});
export type Exposure = z.infer<typeof Exposure>;

export const NO_EXPOSURE: Exposure = { percent: 0, segments: [], variant: null };

/** From the least to the most that is done with the new path while nobody is served by it. */
const REACH = { aa: 0, dark: 1, shadow: 2 } as const;

/** Nobody is served by the new path, and the flag tells nobody apart. */
export function isNobody({ percent, segments, mode }: Exposure): boolean {
  return percent === 0 && segments.length === 0 && mode === undefined;
}

/** Somebody is served by the new path. */
export function isServed(exposure: Exposure): boolean {
  return exposure.mode === undefined && !isNobody(exposure);
}

/**
 * Nobody has the canary any more, and the metrics can tell: those who never had it go on with the baseline, beside the safe
 * variant of whoever had. A frozen exposure goes on being served, and everybody on a safe variant leaves no baseline to tell by.
 */
export function leavesCanary({ percent, segments, variant }: Exposure, canary: string): boolean {
  if (percent === 0 && segments.length === 0) return variant === null;
  return variant !== null && variant !== canary && percent < 100;
}

export function sameExposure(a: Exposure, b: Exposure): boolean {
  return (
    a.percent === b.percent &&
    a.variant === b.variant &&
    a.mode === b.mode &&
    sameNames(a.segments, b.segments) &&
    sameNames(leftOut(a), leftOut(b))
  );
}

/** Who does not have it whatever else would give it to them. */
export function leftOut({ without = [] }: Exposure): readonly string[] {
  return without;
}

/** The same with exactly these left out. Where nobody is given the canary nobody is left out of it. */
export function leavingOut(from: Exposure, names: readonly string[]): Exposure {
  const { without: _without, ...exposure } = from;
  const anybody = exposure.percent > 0 || exposure.segments.length > 0;
  return anybody && names.length > 0 ? { ...exposure, without: [...new Set(names)].sort() } : exposure;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && hasAll(b, a);
}

/** True when `a` gives the canary to nobody beyond those of `b`, and does not run behind others where `b` runs nowhere. */
export function withinExposure(a: Exposure, b: Exposure): boolean {
  if (a.variant !== null && a.variant !== b.variant) return true;
  if (isNobody(a)) return true;
  // What only runs behind others is less than what is served, whoever they are, and more than nothing.
  if (a.mode !== b.mode)
    return a.mode !== undefined && (isServed(b) || (b.mode !== undefined && REACH[a.mode] < REACH[b.mode]));
  if (!hasAll(leftOut(a), leftOut(b))) return false;
  return a.percent <= b.percent && (b.percent === 100 || hasAll(b.segments, a.segments));
}

function hasAll(all: readonly string[], some: readonly string[]): boolean {
  if (some.length < 8) return some.every((one) => all.includes(one));
  const known = new Set(all);
  return some.every((one) => known.has(one));
}
