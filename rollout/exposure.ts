import type { Exposure } from '../plans/exposure.ts';
import { safeExposure } from '../plans/stages.ts';
import type { RolloutState } from './state.ts';

/** Where a stop ends: nobody exposed, or the safe exposure that the plan names. */
export function stopExposure(state: RolloutState): Exposure {
  return safeExposure(state.plan, state.exposure);
}
