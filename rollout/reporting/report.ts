import { compare } from '../../analysis/comparison.ts';
import type { Replay, StoredPoll } from '../../analysis/replay.ts';
import { seriesOf } from '../../analysis/series.ts';
import { finished, type Steps } from '../../analysis/unhurried.ts';
import type { Comparison } from '../../plans/comparison.ts';
import { drillBehind } from '../../plans/drill.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import type { PlanRevisionNote, Report } from '../../plans/report.ts';
import { ENDED, type RolloutView } from '../../plans/view.ts';
import { adviceOf } from './advice.ts';
import { impactOf } from './impact.ts';
import { observedOf } from './observed.ts';
import { detectionOf, explanationOf, stopOf } from './stop.ts';
import { summaryOf } from './summary.ts';
import { decisionsOf, happeningsOf, spansOf } from './timeline.ts';

/** What was recorded of a rollout. */
export interface Recorded {
  view: RolloutView;
  journal: readonly JournalEntry[];
  polls: readonly StoredPoll[];
  /** The same polls through the gates' analysis. */
  replay: Replay;
  /** The zero of the polls' time, in ms since 1970; null: nothing has begun. */
  origin: number | null;
  /** Every plan but the first. */
  amendments: readonly PlanRevisionNote[];
  /** Milliseconds since 1970. */
  now: number;
}

/** The whole story of a rollout. Pure: the same record and time give the same report. */
export function reportOf(recorded: Recorded): Report {
  return finished(reporting(recorded));
}

/** The same, a gate or some points of a chart a step. */
export function* reporting(recorded: Recorded): Steps<Report> {
  const { view, journal, polls, replay, origin, amendments, now } = recorded;
  const { plan, visits } = replay;
  const { metadata } = plan;
  const isOver = ENDED.includes(view.phase);
  const stages = spansOf(
    journal,
    (stage, visit) => visits.find((one) => one.stage === stage && one.visit === visit)?.plan ?? plan,
  );
  const gates = yield* presentGates(replay, view);
  const series = yield* seriesOf(replay, polls);
  const stop = stopOf(journal, view);
  const explanation = explanationOf(journal, view);
  const detection = detectionOf(journal, view, replay);
  return {
    id: view.id,
    name: view.name,
    title: metadata.title ?? metadata.name,
    flag: view.flag,
    environment: view.environment,
    owner: view.owner,
    service: view.service,
    ticket: metadata.ticket ?? null,
    phase: view.phase,
    finished: isOver,
    madeAt: now,
    submittedBy: view.submittedBy,
    submittedAt: view.submittedAt,
    startedAt: stages[0]?.from ?? null,
    endedAt: view.endedAt,
    planRevision: view.planRevision,
    amendments: [...amendments],
    summary: summaryOf({ plan, view, journal, stages, now }),
    stages,
    happenings: happeningsOf(journal),
    decisions: decisionsOf(journal),
    gates,
    stop,
    explanation,
    observed: observedOf({ plan, journal, polls, origin: origin ?? now, now }),
    impact: impactOf(plan, visits),
    detection,
    advice: adviceOf({
      plan,
      replay,
      stages,
      gates,
      stop,
      explanation,
      by: detection?.by ?? null,
      drilled: drillBehind(view) !== null,
    }),
    ...series,
  };
}

/** The tables of all gates so far, one a step. */
export function* presentGates(
  { visits }: Pick<Replay, 'visits'>,
  { phase, stage }: Pick<RolloutView, 'phase' | 'stage'>,
): Steps<Comparison[]> {
  const gates: Comparison[] = [];
  for (const visit of visits) {
    yield;
    const isNow = !ENDED.includes(phase) && visit === visits.at(-1) && visit.stage === stage;
    gates.push(compare(visit, isNow ? 'now' : 'past'));
  }
  return gates;
}
