import type { Plan } from '../plans/plan.ts';
import { PHASES } from '../plans/view.ts';
import { describeChange, planChanges } from '../rollout/amend.ts';
import type { RolloutRow, RolloutStore } from '../store/store.ts';
import type { PlanComparisonReply, PlanDifference } from './api/plans.ts';
import { planOf } from './live.ts';

/** Of a rollout that was rejected nobody had anything: it is not the last time that the flag moved. */
const TAKEN = PHASES.filter((phase) => phase !== 'rejected');

/** The flag's newest rollout before a moment; null: it had none. */
export async function lastOf(
  { rollouts }: { rollouts: Pick<RolloutStore, 'list'> },
  { flag, environment, before }: { flag: string; environment: string; before?: number },
): Promise<RolloutRow | null> {
  const of = before === undefined ? {} : { before };
  const [row] = await rollouts.list({ flag, environment, phases: TAKEN, limit: 1, ...of });
  return row ?? null;
}

/** What a plan changes in another, place by place. */
export function differences(before: Plan, after: Plan): PlanDifference[] {
  return planChanges(before, after).map((change) => ({
    text: describeChange(change),
    loosens: change.loosens,
  }));
}

/** The plan of a rollout beside that of another, as both are now. */
export function comparisonReply(row: RolloutRow, other: RolloutRow | null): PlanComparisonReply {
  const { id, text } = row;
  if (other === null) return { id, text, before: null, differences: [] };
  const { submittedAt, endedAt } = other;
  return {
    id,
    text,
    before: {
      id: other.id,
      text: other.text,
      phase: other.phase,
      submittedAt,
      endedAt,
    },
    differences: differences(planOf(other), planOf(row)),
  };
}
