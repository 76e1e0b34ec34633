import { Failure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { PlanRevisionNote } from '../plans/report.ts';
import { describeChange, planChanges } from '../rollout/amend.ts';
import type { PlanRevision, RolloutRow, RolloutStore } from '../store/store.ts';
import type { PlanReply } from './api.ts';
import { viewOf } from './live.ts';

interface Parts {
  rollouts: Pick<RolloutStore, 'planRevisions'>;
}

/** Every plan of a rollout, the oldest first and never none: of one from before they were kept, the present one. */
export async function revisionsOf({ rollouts }: Parts, row: RolloutRow): Promise<PlanRevision[]> {
  const kept = await rollouts.planRevisions(row.id);
  if (kept.length > 0) return kept;
  const { id: rolloutId, text, plan, submittedBy: by, submittedAt: at } = row;
  const revision = viewOf(row).planRevision;
  return [{ rolloutId, revision, text, plan, by, approvedBy: null, reason: null, at, after: null }];
}

/** One plan of a rollout, as its author wrote it; without `wanted` the present one. */
export async function planReply(
  parts: Parts,
  { row, wanted }: { row: RolloutRow; wanted: number | undefined },
): Promise<PlanReply> {
  const revisions = await revisionsOf(parts, row);
  const found = revisions.findLast(({ revision }) => wanted === undefined || revision === wanted);
  if (found === undefined)
    throw new Failure('REVISION_UNKNOWN', `The plan of ${row.id} has no revision ${wanted}.`, {
      details: [`revisions: ${revisions.map(({ revision }) => revision).join(', ')}`],
    });
  const { revision, text } = found;
  return { id: row.id, revision, text, revisions: revisionNotes(revisions) };
}

/** Each with what it changed in the one before. */
export function revisionNotes(revisions: readonly PlanRevision[]): PlanRevisionNote[] {
  return revisions.map(({ revision, by, approvedBy, reason, at, plan }, i) => {
    const before = revisions[i - 1];
    // The store keeps plans as the JSON of what `plans/parse.ts` gave.
    const changes = before === undefined ? [] : planChanges(before.plan as Plan, plan as Plan);
    return { revision, by, approvedBy, reason, at, changes: changes.map(describeChange) };
  });
}
