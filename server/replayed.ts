import { setImmediate as breathe } from 'node:timers/promises';
import { type Accepted, Replay, type StoredPoll } from '../analysis/replay.ts';
import type { Assessment } from '../plans/assessment.ts';
import { Failure } from '../plans/failures.ts';
import type { JournalEntry } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import type { PlanRevisionNote } from '../plans/report.ts';
import type { HistorySample, Sample } from '../plans/sample.ts';
import { resumptions } from '../rollout/reporting/timeline.ts';
import type { RolloutRow, RolloutStore } from '../store/store.ts';
import { planOf } from './live.ts';
import { revisionNotes, revisionsOf } from './plan-revisions.ts';

/** Polls between two breaths: flags are served by the same process. */
const AT_ONCE = 200;

/** A rollout as it was recorded, and what its gates knew by running the same analysis over it again. */
export interface Replayed {
  plan: Plan;
  journal: JournalEntry[];
  polls: StoredPoll[];
  replay: Replay;
  /** Every plan but the first. */
  amendments: PlanRevisionNote[];
}

export async function replayed(
  deps: { rollouts: Pick<RolloutStore, 'journal' | 'samples' | 'planRevisions'> },
  row: RolloutRow,
): Promise<Replayed> {
  const plan = planOf(row);
  const [journal, rows, revisions] = await Promise.all([
    deps.rollouts.journal(row.id),
    deps.rollouts.samples(row.id),
    revisionsOf(deps, row),
  ]);
  const replay = new Replay(plan, {
    accepted: acceptedOf(journal),
    amended: revisions.map(({ revision, plan: kept, after }) => ({
      t: after ?? Number.NEGATIVE_INFINITY,
      revision,
      plan: kept as Plan,
    })),
    begun: begunOf(journal),
  });
  // The store keeps what the gate wrote in these shapes.
  const polls = rows.map(
    ({ stage, t, sample, assessment }): StoredPoll => ({
      stage,
      t,
      sample: sample as Sample | HistorySample | null,
      assessment: assessment as Assessment | null,
    }),
  );
  for (const [i, poll] of polls.entries()) {
    replay.add(poll);
    if (i % AT_ONCE === AT_ONCE - 1) await breathe();
  }
  return { plan, journal, polls, replay, amendments: revisionNotes(revisions).slice(1) };
}

/** In force for every window after the one that the person saw: those read since are read again. */
function acceptedOf(journal: readonly JournalEntry[]): Accepted[] {
  return journal.flatMap(({ evidence, accepted }) =>
    accepted === undefined || evidence === null ? [] : [{ t: evidence.t, values: accepted }],
  );
}

/** In seconds since the rollout began. */
function begunOf(journal: readonly JournalEntry[]): number[] {
  const started = journal.find(({ transition }) => transition === 'started')?.at;
  return started === undefined ? [] : resumptions(journal).map(({ at }) => (at - started) / 1000);
}

export function stageIndexOf(plan: Plan, name: string): number {
  const index = plan.stages.findIndex((stage) => stage.name === name);
  if (index >= 0) return index;
  throw new Failure('USAGE', `The plan has no stage ${name}.`, {
    details: [`stages: ${plan.stages.map((stage) => stage.name).join(', ')}`],
  });
}
