import { type Exposure, isNobody } from '../exposure.ts';

export const LIFECYCLES = ['Proposed', 'Active', 'Ramping', 'Stable', 'Retired'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/** Where a flag stands in its life: nobody says so, it follows from what rollouts have done. */
export function lifecycleOf(flag: {
  exposure: Exposure;
  live: boolean;
  rolloutId: string | null;
  decommissioned: object | null;
}): Lifecycle {
  if (flag.decommissioned !== null) return 'Retired';
  if (flag.exposure.percent === 100) return 'Stable';
  if (!isNobody(flag.exposure)) return 'Ramping';
  return flag.live || flag.rolloutId !== null ? 'Active' : 'Proposed';
}
