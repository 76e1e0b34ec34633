import { faultText } from '../plans/flag/review.ts';
import { readableSpec } from '../plans/flag/spec.ts';
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
  /** The state with a definition that can be read at all, if need be the last good one. Null: there is none. */
  readable(state: FlagState): FlagState | null;
  /** The state as it may be served: its exposure and latch with the last good definition. Null: there is none. */
  admit(state: FlagState, fitting: Fitting): FlagState | null;
  refusals(): Refusal[];
}

export function createGuard(onRefusal: (refusal: Refusal) => void): Guard {
  const good = new Map<string, Pick<FlagState, 'shape' | 'spec'>>();
  const refused = new Map<string, Refusal>();
  const idOf = ({ environment, key }: FlagTarget) => JSON.stringify([environment, key]);

  const withLast = (state: FlagState) => {
    const last = good.get(idOf(state));
    if (last === undefined) return null;
    const { variants, baseline, canary, stickiness } = last.shape;
    return { ...state, spec: last.spec, shape: { ...state.shape, variants, baseline, canary, stickiness } };
  };

  return {
    readable: (state) => (state.spec === null || readableSpec(state.spec) !== null ? state : withLast(state)),
    remember(states) {
      for (const { shape, spec, ...state } of states) {
        if (spec !== null && readableSpec(spec) === null) continue;
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
      const last = withLast(state);
      const fits = last !== null && (isPlain(last) || faultsOf(last, fitting).length === 0);
      return fits ? last : null;
    },
    refusals: () => [...refused.values()],
  };
}
