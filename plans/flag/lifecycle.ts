import { type Exposure, isNobody } from '../exposure.ts';

export const LIFECYCLES = ['Proposed', 'Active', 'Ramping', 'Stable', 'Retired'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/**
 * Where a flag stands in its life. Nobody says so: it follows from whom the flag reaches now, whoever brought it there, a
 * rollout or a hand (`flags set`), and from the decommission stage of a rollout, which alone retires it.
 */
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
