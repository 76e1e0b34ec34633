import type { Beside } from '../parse.ts';

/** A rollout that has not ended, of the flag that the plan has too. */
export interface ActiveRollout {
  id: string;
  /** Of its plan. */
  name: string;
  environment: string;
}

/**
 * What other active rollouts of the flag mean to the plan. The same plan in another environment is a rehearsal, and another
 * plan there is a second change behind the same flag.
 */
export function besideRollouts(active: readonly ActiveRollout[]): Beside {
  return {
    knows: 'rollouts',
    review({ metadata, environment, flag }, warn) {
      for (const { id, name, environment: place } of active) {
        const here = place === environment;
        if (!here && name === metadata.name) continue;
        const message = here
          ? `the rollout ${id} has the flag ${flag.key} in ${place}: it must end before this plan is submitted`
          : `the flag ${flag.key} switches another change too: the rollout ${id} in ${place}`;
        const instead = here ? `wait for ${id}, amend it, or end it` : 'a flag of its own for each change';
        warn(['flag', 'key'], { rule: 'PLAN-FLAG-SHARED', message, instead });
      }
    },
  };
}
