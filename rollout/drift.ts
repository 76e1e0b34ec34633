import { sameExposure, withinExposure } from '../plans/exposure.ts';
import { canaryExposure, containedStage, stageExposure } from '../plans/stages.ts';
import { audience } from '../plans/words.ts';
import type { Refusal } from './event.ts';
import type { RolloutState } from './state.ts';

/** Somebody else has moved the flag, and no person has answered that yet. */
export function isDrifted(state: RolloutState): boolean {
  return state.pause?.causes.some(({ kind }) => kind === 'drift') === true;
}

/** The highest stage, up to the present one, whose exposure is contained in what the flag serves; -1: none. */
export function standingStage(state: RolloutState): number {
  return containedStage(state.plan, state.exposure, state.stage);
}

/**
 * Why what somebody else set cannot be where the rollout goes on; null: it can. Never above the present stage, whose
 * gate is the last that has opened anything, and never below the first.
 */
export function acceptDriftRefusal(state: RolloutState): Refusal | null {
  if (!isDrifted(state))
    return { code: 'NOT_WAITING', message: `${state.id} is not paused because somebody moved its flag` };
  if (state.write !== null)
    return { code: 'NOT_WAITING', message: `the flag of ${state.id} is being written` };
  const { plan, stage, exposure } = state;
  const name = plan.stages[stage]?.name;
  if (name === undefined)
    return {
      code: 'FLAG_DRIFT',
      message: `the flag serves ${audience(exposure)} before any stage has begun`,
    };
  const allowed = stageExposure(plan, stage);
  if (!withinExposure(canaryExposure(plan, exposure), allowed))
    return {
      code: 'FLAG_DRIFT',
      message: `the flag serves ${audience(exposure)}, more than the ${audience(allowed)} of stage ${name}`,
    };
  if (standingStage(state) < 0)
    return {
      code: 'FLAG_DRIFT',
      message: `the flag serves ${audience(exposure)}, less than the first stage: there is no stage to go on from`,
    };
  if (
    plan.reversibility === 'forward-only' &&
    !sameExposure(stageExposure(plan, standingStage(state)), exposure)
  )
    return {
      code: 'FLAG_DRIFT',
      message: `the flag serves ${audience(exposure)}, and a forward-only plan is not lowered to the stage within it`,
    };
  return null;
}
