import type { Evidence } from '../analysis/evidence.ts';
import type { Accepted, Amended, Decisions, Drilled, Replay, StoredPoll } from '../analysis/replay.ts';
import { restoreEvidence } from '../analysis/restored-evidence.ts';
import type { Assessment } from '../plans/assessment.ts';
import { Failure } from '../plans/failures.ts';
import type { JournalEntry, Transition } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import type { PlanRevisionNote } from '../plans/report.ts';
import type { HistorySample, Sample } from '../plans/sample.ts';
import { planAsServed } from '../plans/stages.ts';
import { resumptions } from '../rollout/reporting/timeline.ts';
import type { RolloutRow, RolloutStore, VersionedSample } from '../store/store.ts';
import { planOf } from './live.ts';
import { revisionNotes, revisionsOf } from './plan-revisions.ts';

const MOVES: readonly Transition[] = ['started', 'advanced', 'stepped-back'];

/** What was recorded of a rollout beside its samples: what they are to be judged by. */
export interface Recording {
  plan: Plan;
  journal: JournalEntry[];
  decisions: Decisions;
  /** What it went on with of an earlier rollout of its build; null: it began anew. */
  carried: Evidence | null;
  /** The zero of the polls' time, in ms since 1970; null: nothing has begun. */
  origin: number | null;
  /** Every plan but the first. */
  amendments: PlanRevisionNote[];
}

/** A rollout as it was recorded, and what its gates knew by running the same analysis over it again. */
export interface Replayed extends Omit<Recording, 'decisions' | 'carried'> {
  replay: Replay;
}

export type RecordingParts = Pick<RolloutStore, 'journal' | 'samplePage' | 'planRevisions' | 'carried'>;

export async function recordingOf(rollouts: RecordingParts, row: RolloutRow): Promise<Recording> {
  const plan = planOf(row);
  const [journal, [watched], revisions, carried] = await Promise.all([
    rollouts.journal(row.id),
    // Each sample knows its time on both clocks; what was told late began before its line in the journal.
    plan.mode === 'observe' ? rollouts.samplePage(row.id, { after: 0, limit: 1 }) : [],
    revisionsOf({ rollouts }, row),
    rollouts.carried(row.id),
  ]);
  const started = journal.find(({ transition }) => transition === 'started')?.at ?? null;
  const origin = watched === undefined ? started : watched.at - watched.t * 1000;
  const decisions = {
    accepted: acceptedOf(journal),
    amended: asServed(
      revisions.map(({ revision, plan: kept, after }) => ({
        t: after ?? Number.NEGATIVE_INFINITY,
        revision,
        plan: kept as Plan,
      })),
      { plan, journal, origin },
    ),
    begun: begunOf(journal, plan, origin),
    drills: drillsOf(journal, origin),
  };
  const amendments = revisionNotes(revisions).slice(1);
  return { plan, journal, decisions, carried: restoreEvidence(carried, plan), origin, amendments };
}

/** The store keeps what the gate wrote in these shapes. */
export function storedPoll({ stage, t, sample, assessment }: VersionedSample): StoredPoll {
  return {
    stage,
    t,
    sample: sample as Sample | HistorySample | null,
    assessment: assessment as Assessment | null,
  };
}

/** In force for every window after the one that the person saw: those read since are read again. */
function acceptedOf(journal: readonly JournalEntry[]): Accepted[] {
  return journal.flatMap(({ evidence, accepted }) =>
    accepted === undefined || evidence === null ? [] : [{ t: evidence.t, values: accepted }],
  );
}

/** In seconds since the rollout began. */
function begunOf(journal: readonly JournalEntry[], { mode }: Plan, origin: number | null): number[] {
  if (origin === null) return [];
  const again = mode === 'observe' ? movesOf(journal) : resumptions(journal);
  return again.map(({ at }) => (at - origin) / 1000);
}

/** The lines of a drill say how it stands: the last of each how it ended. */
function drillsOf(journal: readonly JournalEntry[], origin: number | null): Drilled[] {
  if (origin === null) return [];
  const last = new Map(
    journal.flatMap(({ drill }) => (drill === undefined ? [] : [[drill.id, drill] as const])),
  );
  return [...last.values()].map(({ startedAt, endedAt }) => ({
    from: (startedAt - origin) / 1000,
    to: endedAt === null ? null : (endedAt - origin) / 1000,
  }));
}

/** Where others have moved a flag that is only watched. */
function movesOf(journal: readonly JournalEntry[]): JournalEntry[] {
  return journal.filter(({ transition }) => MOVES.includes(transition));
}

/** A gate of a plan that only watches judges by what others serve, and not by what the plan would. */
function asServed(
  amended: Amended[],
  { plan, journal, origin }: { plan: Plan; journal: readonly JournalEntry[]; origin: number | null },
): Amended[] {
  if (plan.mode === 'act' || origin === null) return amended;
  const moves = movesOf(journal).map(({ at, stage, exposure }) => ({
    t: (at - origin) / 1000,
    stage,
    exposure,
  }));
  const times = [...new Set([...amended, ...moves].map(({ t }) => t))].toSorted((a, b) => a - b);
  return times.map((t) => {
    const { revision, plan: planned } = amended.findLast((one) => one.t <= t) ?? { revision: 1, plan };
    const move = moves.findLast((one) => one.t <= t);
    const index = planned.stages.findIndex(({ name }) => name === move?.stage);
    return {
      t,
      revision,
      plan: move === undefined || index < 0 ? planned : planAsServed(planned, index, move.exposure),
    };
  });
}

export function stageIndexOf(plan: Plan, name: string): number {
  const index = plan.stages.findIndex((stage) => stage.name === name);
  if (index >= 0) return index;
  throw new Failure('USAGE', `The plan has no stage ${name}.`, {
    details: [`stages: ${plan.stages.map((stage) => stage.name).join(', ')}`],
  });
}
