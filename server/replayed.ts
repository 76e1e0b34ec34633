import type { Evidence } from '../analysis/evidence.ts';
import type { Accepted, Amended, Decisions, Drilled, Replay, StoredPoll } from '../analysis/replay.ts';
import { restoreEvidence } from '../analysis/restored-evidence.ts';
import type { Assessment } from '../plans/assessment.ts';
import { excluding, including } from '../plans/exclusion.ts';
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
    amended: asJudged(
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

/** By what its gates judged at each time: without whom the canary was taken from, and where it only watches with what others served. */
function asJudged(
  amended: Amended[],
  { plan, journal, origin }: { plan: Plan; journal: readonly JournalEntry[]; origin: number | null },
): Amended[] {
  if (origin === null) return amended;
  const moves = plan.mode === 'observe' ? movesOf(journal) : [];
  const exclusions = journal.filter(({ who }) => who !== undefined);
  const since = ({ at }: JournalEntry) => (at - origin) / 1000;
  const times = [...amended.map(({ t }) => t), ...[...moves, ...exclusions].map(since)];
  return [...new Set(times)]
    .toSorted((a, b) => a - b)
    .map((t) => {
      const upTo = (entry: JournalEntry) => since(entry) <= t;
      const written = amended.findLast((one) => one.t <= t);
      const said = exclusions.filter(upTo);
      // An amended plan excludes whom its text names, and knows nothing of the others.
      const lettingIn = said.filter((line) => written === undefined || since(line) > written.t);
      const planned = withoutThem(written?.plan ?? plan, said, lettingIn);
      const move = moves.findLast(upTo);
      const index = planned.stages.findIndex(({ name }) => name === move?.stage);
      return {
        t,
        revision: written?.revision ?? 1,
        plan: move === undefined || index < 0 ? planned : planAsServed(planned, index, move.exposure),
      };
    });
}

/** The plan without whom the lines have taken off; who is let in again by those of `since` has the canary whatever the plan says. */
function withoutThem(plan: Plan, said: readonly JournalEntry[], since: readonly JournalEntry[]): Plan {
  const last = (lines: readonly JournalEntry[]) =>
    new Map(lines.map(({ who = '', transition }) => [who, transition === 'included'] as const));
  const off = [...last(said)].flatMap(([who, isIn]) => (isIn ? [] : [who]));
  return [...last(since)].reduce(
    (left, [who, isIn]) => (isIn ? including(left, who) : left),
    excluding(plan, off),
  );
}

export function stageIndexOf(plan: Plan, name: string): number {
  const index = plan.stages.findIndex((stage) => stage.name === name);
  if (index >= 0) return index;
  throw new Failure('USAGE', `The plan has no stage ${name}.`, {
    details: [`stages: ${plan.stages.map((stage) => stage.name).join(', ')}`],
  });
}
