import { type Exposure, isNobody, leavingOut, leftOut } from '../plans/exposure.ts';
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
  if (exposure.mode !== undefined || isNobody(exposure)) return write.exposure;
  if (isNobody(write.exposure)) return exposure;
  const segments = [...new Set([...exposure.segments, ...write.exposure.segments])];
  const percent = Math.max(exposure.percent, write.exposure.percent);
  // Whom only one of both leaves out may have it by the other.
  const out = leftOut(exposure).filter((name) => leftOut(write.exposure).includes(name));
  return leavingOut({ ...exposure, percent, segments }, out);
}
