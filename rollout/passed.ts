import type { RolloutState } from './state.ts';

/** True while the last word of the present stage's gate is a pass. */
export function gatePassed(state: RolloutState): boolean {
  return state.gate !== null && state.gate.stage === state.stage && state.gate.assessment?.verdict === 'pass';
}
