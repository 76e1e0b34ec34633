import type { Plan } from '../plans/plan.ts';
import { isRetriable } from '../plans/standing-words.ts';
import { ENDED } from '../plans/view.ts';
import { keepsCohorts } from '../rollout/retry.ts';
import type { RolloutRow } from '../store/store.ts';
import type { SubmitReply } from './api.ts';
import type { Actor } from './auth/principal.ts';
import { LOOKED_BACK, type RetryDeps } from './carried.ts';
import { earlierPlan } from './earlier-plan.ts';
import { planOf, viewOf } from './live.ts';
import { exclusionNotes, type Retrial, retrialOf } from './retry.ts';
import { type SubmitRequest, submit } from './submit.ts';

const REASON = 'the same build was submitted again';

/**
 * Takes a plan in, whatever was there before. What speaks against a build is not gone because a pipeline submits it again: a plan whose build
 * was rolled back last is a retry of that, from its first stage.
 * @throws Failure RETRY_REFUSED, RETRY_SAME_BUILD, STILL_READING, and whatever refuses a plan that is submitted
 */
export async function submitAnew(
  deps: RetryDeps,
  request: Pick<SubmitRequest, 'text' | 'file' | 'actorAt'>,
): Promise<SubmitReply> {
  const made: { retrial?: Retrial } = {};
  const afterOf = async (plan: Plan, actor: Actor) => {
    const row = await lastOfBuild(deps, plan);
    if (row === null) return null;
    made.retrial = await retrialOf(deps, row, { plan, actor, from: null, reason: REASON, accept: null });
    return made.retrial.after;
  };
  const done = await submit(deps, { ...request, afterOf });
  if (made.retrial === undefined) return done;
  const { origin, evidence } = made.retrial;
  const again = `It retries ${origin.of}, which was of the same build (what stopped it: ${origin.cause}). ${evidence}`;
  return { ...done, notes: [again, ...exclusionNotes(done.id, origin), ...done.notes] };
}

/** The last rollout of the plan's build and name, where it took the canary back or never gave it, and was of the same cohorts. */
async function lastOfBuild(deps: RetryDeps, plan: Plan): Promise<RolloutRow | null> {
  const { name, build } = plan.metadata;
  if (build === undefined || plan.mode !== 'act') return null;
  const { environment, flag } = plan;
  const past = { name, environment, flag: flag.key, phases: ENDED, limit: LOOKED_BACK };
  const rows = await deps.rollouts.list(past);
  const row = rows.find((one) => planOf(one).metadata.build === build && planOf(one).mode === 'act');
  if (row === undefined || !isRetriable(viewOf(row))) return null;
  return keepsCohorts(earlierPlan(deps, row), plan) ? row : null;
}
