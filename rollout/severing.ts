import type { Assessment, Severed } from '../plans/assessment.ts';
import { excludedNames } from '../plans/exclusion.ts';
import { exclusionLimits } from '../plans/exclusion-limits.ts';
import type { Cause } from '../plans/journal.ts';
import { drillRuns } from './drill-facts.ts';
import { takeOff } from './exclusion.ts';
import type { RolloutState } from './state.ts';
import type { Turn } from './turn.ts';

/** Who takes somebody off where no person does. */
const GATE = 'the gate';

/**
 * What a gate found of slices that the plan takes off by themselves. It lowers, so that neither a pause nor a window nor an
 * approval is asked. Null: whoever is to be off is; else why it is the whole rollout that has to stop.
 */
export function sever(turn: Turn, { severed = [] }: Assessment): string | null {
  const { state } = turn;
  for (const one of severed) {
    if (excludedNames(state.plan).includes(one.who)) continue;
    const whole = beyond(state, one);
    if (whole !== null) return whole;
    const { who: name, slice, metric, share, severity, reason } = one;
    const cause: Cause = { kind: 'gate', verdict: severity, reason };
    takeOff(turn, { name, by: GATE, reason, slice, metric, ...(share === null ? {} : { share }) }, cause);
  }
  return null;
}

/** Why one more is one too many; null: it is not. */
function beyond(state: RolloutState, { who, reason, share }: Severed): string | null {
  // A drill rehearses the stop of the whole.
  if (drillRuns(state)) return reason;
  const { most, traffic } = exclusionLimits(state.plan.policy);
  const before = (state.excluded ?? []).filter(({ slice }) => slice !== undefined);
  if (before.length >= most)
    return `${who} would be one more than the ${most} that may be off the canary: ${reason}`;
  // Each share is of what the ones before had left.
  const left = [...before.map((one) => one.share ?? 0), share ?? 0].reduce(
    (rest, part) => rest * (1 - part),
    1,
  );
  if (1 - left > traffic + 1e-9)
    return `with ${who} ${Math.round(100 * (1 - left))} % of the requests of the canary would be off it, and ${Number((100 * traffic).toPrecision(3))} % may be: ${reason}`;
  return null;
}
