import type { SeenSplit } from '../plans/assessment.ts';
import type { RolloutState } from './state.ts';

/** The split that holds the gate of the present stage and can be accepted, as it was last seen; null: none does. */
export function heldSplit(state: RolloutState): { detail: string; seen: SeenSplit } | null {
  const { gate } = state;
  if (state.phase !== 'active' || gate === null || gate.stage !== state.stage) return null;
  const found = gate.assessment?.holding.find((one) => one.kind === 'split');
  return found?.kind !== 'split' || found.seen === undefined
    ? null
    : { detail: found.detail, seen: found.seen };
}
