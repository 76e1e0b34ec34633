import type { Exposure } from '../../../plans/exposure.ts';

/** Nobody is served by the new path; it may run behind the old one. */
export function isNobody({ percent, segments, mode }: Exposure): boolean {
  return mode !== undefined || (percent === 0 && segments.length === 0);
}
