import { isNobody } from '../plans/exposure.ts';
import { audience } from '../plans/words.ts';
import type { PersonEvent, Refusal } from './event.ts';
import type { RolloutState } from './state.ts';

/**
 * Why a person cannot leave the flag where it is; null: they can. An exposure between nobody and everybody that no gate watches
 * is no end, so it takes the explicit choice to lower the flag.
 */
export function abandonRefusal(state: RolloutState, { lower }: PersonEvent): Refusal | null {
  if (lower === true || isNobody(state.exposure)) return null;
  if (state.pause?.causes.some(({ kind }) => kind === 'hard') === true)
    return { code: 'HARD_STOP', message: `${state.id} is at a hard stop: its flag is not left as it is` };
  if (state.write !== null)
    return { code: 'ABANDON_REFUSED', message: `the flag of ${state.id} is being written` };
  const { percent, variant } = state.exposure;
  if (percent === 100 && variant === null) return null;
  return {
    code: 'ABANDON_REFUSED',
    message: `${state.id} serves ${audience(state.exposure)}, and nobody would watch that`,
  };
}
