import type { Exposure } from '../plans/exposure.ts';
import { safeExposure } from '../plans/stages.ts';
import type { RolloutState } from './state.ts';

/** Where a stop ends: nobody exposed, or the safe exposure that the plan names. */
export function stopExposure(state: RolloutState): Exposure {
  const { plan, exposure } = state;
  return safeExposure(plan, typeof plan.safeExposure === 'object' ? reached(state) : exposure);
}

/** A write that is out may have landed: whoever it exposes may have the canary. */
function reached({ exposure, write }: RolloutState): Exposure {
  if (write === null || write.exposure.mode !== undefined) return exposure;
  if (exposure.mode !== undefined) return write.exposure;
  const segments = [...new Set([...exposure.segments, ...write.exposure.segments])];
  return { ...exposure, percent: Math.max(exposure.percent, write.exposure.percent), segments };
}
