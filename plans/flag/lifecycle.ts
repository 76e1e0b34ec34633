import { type Exposure, isNobody } from '../exposure.ts';

export const LIFECYCLES = ['Proposed', 'Active', 'Ramping', 'Stable', 'Retired'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/**
 * Where a change by a rollout (a claim, a write, its end, its decommission stage) leaves a flag in its life. Rollouts
 * alone move it: whatever a hand, a kill or another platform does to the flag, it stays what the last rollout made it.
 */
export function lifecycleAfter(flag: {
  exposure: Exposure;
  rolloutId: string | null;
  decommissioned: object | null;
}): Lifecycle {
  if (flag.decommissioned !== null) return 'Retired';
  if (flag.exposure.percent === 100) return 'Stable';
  if (!isNobody(flag.exposure)) return 'Ramping';
  return flag.rolloutId === null ? 'Proposed' : 'Active';
}
