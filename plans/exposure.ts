import { z } from 'zod';

/**
 * Who gets the canary: `percent` of everyone by the sticky key, and every member of the segments.
 * `variant` replaces the canary variant for the exposed users (the safe exposure of a forward-only plan).
 */
export const Exposure = z.strictObject({
  percent: z.number().min(0).max(100),
  segments: z.array(z.string()),
  variant: z.string().nullable(),
});
export type Exposure = z.infer<typeof Exposure>;

export const NO_EXPOSURE: Exposure = { percent: 0, segments: [], variant: null };

export function isNobody({ percent, segments }: Exposure): boolean {
  return percent === 0 && segments.length === 0;
}

export function sameExposure(a: Exposure, b: Exposure): boolean {
  return (
    a.percent === b.percent &&
    a.variant === b.variant &&
    a.segments.length === b.segments.length &&
    a.segments.every((segment) => b.segments.includes(segment))
  );
}

/** True when `a` gives the canary to nobody beyond those of `b`. */
export function withinExposure(a: Exposure, b: Exposure): boolean {
  if (a.variant !== null && a.variant !== b.variant) return true;
  return (
    a.percent <= b.percent && a.segments.every((segment) => b.segments.includes(segment) || b.percent === 100)
  );
}
