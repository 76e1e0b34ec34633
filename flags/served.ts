import { isServed } from '../plans/exposure.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { killedExposure, lowers } from '../store/flag-rules.ts';
import type { EmergencyLatch } from './latches.ts';

/**
 * What is served of a flag while emergency latches hold it: never more than the definition gives, and of several
 * orders the first one (a kill) decides before the others. Once the old path is decommissioned no order counts.
 */
export function servedState(state: FlagState, latches: readonly EmergencyLatch[]): FlagState {
  if (state.decommissioned !== null) return state;
  return latches.reduce(applyLatch, state);
}

function applyLatch(state: FlagState, latch: EmergencyLatch): FlagState {
  const wanted = latch.exposure;
  if (latch.kind === 'kill' || wanted === null) {
    const exposure = killedExposure(wanted, state);
    return {
      ...state,
      exposure,
      live: state.live && isServed(exposure),
      lease: null,
      latch: state.latch ?? { by: latch.by, reason: latch.reason, at: latch.at },
    };
  }
  return lowers(wanted, state.exposure, state.shape.canary)
    ? { ...state, exposure: wanted, live: state.live && isServed(wanted), lease: null }
    : state;
}
