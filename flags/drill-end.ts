import type { FlagState } from '../store/flag-contract.ts';
import type { Catalogue } from './catalogue.ts';

/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A catalogue that serves no drill beyond its end, whoever else may be gone by then: PostgreSQL, the workflow, the command that
 * began it. Applications look at the time too; this is for those that do not.
 */
export function endingDrills(
  catalogue: Catalogue,
  now: () => number = Date.now,
): { catalogue: Catalogue; stop(): void } {
  const timers = new Map<string, NodeJS.Timeout>();

  function served(state: FlagState): FlagState {
    const id = JSON.stringify([state.environment, state.key]);
    clearTimeout(timers.get(id));
    timers.delete(id);
    const { drill } = state;
    if (drill == null) return state;
    const left = drill.until - now();
    if (left <= 0) return { ...state, drill: null };
    const end = () => {
      timers.delete(id);
      const held = catalogue.definition(state);
      if (held?.drill?.id === drill.id) catalogue.accept([served(held)]);
    };
    timers.set(id, setTimeout(end, Math.min(left, LONGEST_MS)).unref());
    return state;
  }

  return {
    catalogue: {
      ...catalogue,
      accept: (states) => catalogue.accept(states.map(served)),
      replace: (states, readAt) => catalogue.replace(states.map(served), readAt),
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
