import type { Exposure } from '../../../plans/exposure.ts';

export function isNobody({ percent, segments }: Exposure): boolean {
  return percent === 0 && segments.length === 0;
}
