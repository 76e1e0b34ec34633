import { faultText } from '../plans/flag/review.ts';
import type { FlagState, FlagTarget } from '../store/flag-contract.ts';
import { type Fitting, faultsOf, isPlain } from './fitness.ts';

/** A definition that is not served, and why. */
export interface Refusal extends FlagTarget {
  revision: number;
  fault: string;
}

/** Keeps what cannot be served out of service, wherever it comes from: the last good definition stays in its place. */
export interface Guard {
  /** Definitions that were in service before, without serving them: the last good ones of an earlier life. */
  remember(states: readonly FlagState[]): void;
  /** The state as it may be served: its exposure and latch with the last good definition. Null: there is none. */
  admit(state: FlagState, fitting: Fitting): FlagState | null;
  refusals(): Refusal[];
}

export function createGuard(onRefusal: (refusal: Refusal) => void): Guard {
  const good = new Map<string, Pick<FlagState, 'shape' | 'spec'>>();
  const refused = new Map<string, Refusal>();
  const idOf = ({ environment, key }: FlagTarget) => JSON.stringify([environment, key]);

  return {
    remember(states) {
      for (const { shape, spec, ...state } of states) {
        if (!good.has(idOf(state))) good.set(idOf(state), { shape, spec });
      }
    },
    admit(state, fitting) {
      const id = idOf(state);
      const [fault] = isPlain(state) ? [] : faultsOf(state, fitting);
      if (fault === undefined) {
        good.set(id, { shape: state.shape, spec: state.spec });
        refused.delete(id);
        return state;
      }
      const { environment, key, revision } = state;
      const refusal = { environment, key, revision, fault: faultText(fault) };
      const before = refused.get(id);
      refused.set(id, refusal);
      if (before?.revision !== revision || before.fault !== refusal.fault) onRefusal(refusal);
      const last = good.get(id);
      const fits =
        last !== undefined &&
        (isPlain({ ...state, ...last }) || faultsOf({ ...state, ...last }, fitting).length === 0);
      if (!fits) return null;
      const { safe } = state.shape;
      return { ...state, spec: last.spec, shape: safe === undefined ? last.shape : { ...last.shape, safe } };
    },
    refusals: () => [...refused.values()],
  };
}
