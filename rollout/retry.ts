import type { Transition } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import { isRetriable } from '../plans/standing-words.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { describeChange, FIXED, keepsStages, planChanges } from './amend.ts';
import type { Refusal } from './event.ts';
import { approvalsTo } from './origin.ts';

/** A rollout that is over, as its journal tells of it. */
export interface Earlier {
  view: Pick<RolloutView, 'id' | 'phase' | 'stage' | 'stop'>;
  plan: Plan;
  journal: readonly { transition: Transition }[];
  /** The latest rollout of the flag. */
  latest: string;
}

/**
 * Why `plan` cannot begin at `stage` in the place of an earlier rollout; null: it can. The first stage asks for no evidence;
 * above it the earlier rollout's gates are the evidence, as docs/decisions/0013-retry.md says.
 */
export function retryRefusal(
  earlier: Earlier,
  { plan, stage }: { plan: Plan; stage: string },
): Refusal | null {
  const { view, plan: before } = earlier;
  const no = (message: string): Refusal => ({ code: 'RETRY_REFUSED', message });
  if (!ENDED.includes(view.phase)) return no(`${view.id} is not over`);
  if (!isRetriable({ phase: view.phase })) return no(`${view.id} is ${view.phase}: nothing is to be retried`);
  if (plan.mode === 'observe') return no(`${view.id} only watched its flag`);
  const changes = planChanges(before, plan);
  const other = changes.find(({ path }) => FIXED.includes(path));
  if (other !== undefined) return no(`${other.path} is not that of ${view.id}: submit the plan instead`);
  const wanted = plan.stages.findIndex(({ name }) => name === stage);
  if (wanted < 0) return no(`the plan has no stage ${stage}`);
  if (wanted === 0) return null;
  if (earlier.latest !== view.id) return no(`${earlier.latest} came after ${view.id}`);
  const reached = before.stages.findIndex(({ name }) => name === view.stage);
  if (wanted > reached)
    return no(`${view.id} was in stage ${view.stage ?? 'none'} when it ended: nothing above that is proven`);
  if (plan.stages[wanted]?.decommission !== undefined) return no('nothing begins with the decommission');
  const changed = keepsStages(before, plan, wanted);
  if (changed !== null) return no(`stage ${changed} is not what ${view.id} has proven`);
  const loose = changes.filter(({ loosens }) => loosens);
  if (loose.length > 0 && approvalsTo(plan, -1, wanted).length === 0)
    return no(
      `the plan loosens ${loose.map(({ path }) => path).join(', ')}, and asks nobody to approve that`,
    );
  if (!earlier.journal.some(({ transition }) => transition === 'rollback-verified'))
    return {
      code: 'RETRY_UNVERIFIED',
      message: `the metrics have not shown that the traffic of ${view.id} is back on the old path`,
    };
  return null;
}

/** What a retry's plan does not say as the earlier one did. */
export function retryChanges(before: Plan, after: Plan): string[] {
  return planChanges(before, after).map(describeChange);
}
