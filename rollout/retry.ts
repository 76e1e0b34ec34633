import type { Verdict } from '../plans/assessment.ts';
import type { Transition } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import { approvalFor } from '../plans/stages.ts';
import { isRetriable } from '../plans/standing-words.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { describeChange, FIXED, keepsStages, planChanges } from './amend.ts';
import type { Person, Refusal } from './event.ts';
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
  const other = changes.find(isOther);
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

/**
 * Why evidence that was gathered under an earlier plan cannot go on under this one; null: it can. As in an amendment, what only
 * tightens holds at once, and what loosens needs somebody who approves it: here whoever opens the first stage.
 */
export function carryRefusal(
  before: { id: string; plan: Plan },
  { plan, stage }: { plan: Plan; stage: string },
): Refusal | null {
  const wanted = plan.stages.findIndex(({ name }) => name === stage);
  const loose = planChanges(before.plan, plan).filter(({ loosens }) => loosens);
  if (loose.length === 0 || approvalsTo(plan, -1, wanted).length > 0) return null;
  return {
    code: 'RETRY_REFUSED',
    message: `the plan loosens ${loose.map(({ path }) => path).join(', ')} for the build of ${before.id}, and asks nobody to approve that`,
  };
}

/** Why a person cannot accept what stands against a build; null: they can. As of a soft stop in the rollout that saw it. */
export function acceptRefusal(
  { id, submittedBy, plan, stage }: { id: string; submittedBy: string; plan: Plan; stage: string | null },
  { verdict, by, roles }: Person & { verdict: Verdict },
): Refusal | null {
  if (verdict === 'hard')
    return {
      code: 'RETRY_SAME_BUILD',
      message: `what was seen in ${id} is a hard stop, which nobody can accept`,
    };
  if (verdict !== 'soft')
    return { code: 'NOT_WAITING', message: `there is no difference to accept: ${id} has left no soft stop` };
  if (by === submittedBy) return { code: 'OWN_ROLLOUT', message: `${by} submitted ${id}` };
  const index = plan.stages.findIndex(({ name }) => name === stage);
  const asked = approvalFor(plan, index)?.roles ?? [];
  if (asked.length > 0 && !roles.some((role) => asked.includes(role)))
    return { code: 'ROLE_MISSING', message: `${by} has none of the roles ${asked.join(', ')}` };
  return null;
}

/** True when both plans are of the same flag and tell baseline and canary apart in the same way. `but`: paths that may differ. */
export function keepsCohorts(before: Plan, after: Plan, but: readonly string[] = []): boolean {
  return !planChanges(before, after).some((change) => isOther(change) && !but.includes(change.path));
}

function isOther({ path }: { path: string }): boolean {
  return FIXED.includes(path);
}

/** What a retry's plan does not say as the earlier one did. */
export function retryChanges(before: Plan, after: Plan): string[] {
  return planChanges(before, after).map(describeChange);
}
