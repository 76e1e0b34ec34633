import { isFailure } from '../plans/failures.ts';
import type { RolloutStore } from '../store/store.ts';
import { refusingCircles } from './circle-refusal.ts';
import type { RolloutEngine } from './engine.ts';

type Wanted = Parameters<RolloutEngine['amend']>[1];

/**
 * Hands a plan to a rollout in the place of its own. Until it is the rollout's, and as long as it waits for a second person, it stands among the others as
 * what it is about to be. @throws Failure PLAN_INVALID for a circle of requirements, and whatever the rollout refuses it with
 */
export async function amend(
  {
    rollouts,
    engine,
  }: { rollouts: Pick<RolloutStore, 'propose' | 'withdraw'>; engine: Pick<RolloutEngine, 'amend'> },
  id: string,
  wanted: Wanted,
): ReturnType<RolloutEngine['amend']> {
  const proposal = await rollouts.propose(id, wanted.plan, refusingCircles(wanted.plan, id));
  try {
    return await engine.amend(id, wanted);
  } catch (error) {
    // Without an answer it may still be taken; what is not taken is forgotten after a minute.
    if (isFailure(error) && error.code !== 'TEMPORAL_UNREACHABLE')
      await rollouts.withdraw(proposal).catch(() => undefined);
    throw error;
  }
}
