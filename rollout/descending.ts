import type { Descent } from '../plans/descent.ts';
import { isServed, sameExposure, withinExposure } from '../plans/exposure.ts';
import { stageExposure } from '../plans/stages.ts';
import { stopExposure } from './exposure.ts';
import type { RolloutState } from './state.ts';

/** The next stage down that gives less than what is served now; -1: there is none, so nobody. */
export function below({ plan, exposure }: RolloutState, stage: number): number {
  for (let index = stage - 1; index >= 0; index -= 1) {
    const next = stageExposure(plan, index);
    if (isServed(next) && withinExposure(next, exposure) && !sameExposure(next, exposure)) return index;
  }
  return -1;
}

/** What the flag is still to serve, with the time of each. */
export function restOf(state: RolloutState, now: number): Descent['steps'] {
  const { descent } = state;
  if (descent == null) return [];
  const steps: Descent['steps'] = [];
  let { stage, exposure } = state;
  let at = descent.at ?? now;
  for (let next = below(state, stage); next >= 0; next = below({ ...state, exposure }, stage)) {
    stage = next;
    exposure = stageExposure(state.plan, next);
    steps.push({ exposure, at });
    at += descent.every;
  }
  return [...steps, { exposure: stopExposure(state), at }];
}

export function descentView(state: RolloutState, now: number): { descent?: Descent } {
  const { descent, plan } = state;
  if (descent == null || state.phase !== 'active') return {};
  return { descent: { from: plan.stages[descent.from]?.name ?? '', steps: restOf(state, now) } };
}
