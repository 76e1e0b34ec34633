import type { Comparison } from '../plans/comparison.ts';
import type { Report } from '../plans/report.ts';
import { ENDED } from '../plans/view.ts';
import { presentGates, reporting } from '../rollout/reporting/report.ts';
import type { RolloutRow, RolloutStore } from '../store/store.ts';
import { viewOf } from './live.ts';
import { createReplays, type ReplayParts } from './replays.ts';
import { unhurried } from './unhurried.ts';

/** Reports that are kept: of the rollouts that were asked for last. */
const KEPT = 32;

/** What a report is made of. */
export interface ReportParts {
  rollouts: ReplayParts['rollouts'] & Pick<RolloutStore, 'latestSample'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface Reports {
  /** The report of a rollout, with the tables of all its gates. */
  of(row: RolloutRow): Promise<Report>;
  /** The tables of its gates alone. */
  gates(row: RolloutRow): Promise<readonly Comparison[]>;
}

/**
 * What was recorded of an ended rollout does not change: its report is kept, under the last line of its journal, its last sample and its
 * last plan, as each may still be written just after the end. Who asks at the same time waits for the same one. That of a running
 * rollout is made anew each time, from a replay that goes on where the last answer ended.
 */
export function createReports(parts: ReportParts, replays = createReplays(parts)): Reports {
  const kept = new Map<string, { key: string; report: Promise<Report> }>();
  const make = (row: RolloutRow) =>
    replays.of(row, async ({ journal, replay, origin, amendments }) => {
      const polls = await replays.polls(row.id);
      const recorded = { view: viewOf(row), journal, polls, replay, origin, amendments, now: parts.now() };
      return unhurried(reporting(recorded));
    });
  const keep = (row: RolloutRow, key: string): Promise<Report> => {
    const known = kept.get(row.id);
    const report = known?.key === key ? known.report : make(row);
    kept.delete(row.id);
    kept.set(row.id, { key, report });
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    report.catch(() => {
      if (kept.get(row.id)?.report === report) kept.delete(row.id);
    });
    return report;
  };
  const of = async (row: RolloutRow): Promise<Report> => {
    const { phase, seq } = viewOf(row);
    if (!ENDED.includes(phase)) return make(row);
    const [last, revisions] = await Promise.all([
      parts.rollouts.latestSample(row.id),
      parts.rollouts.planRevisions(row.id),
    ]);
    const report = await keep(row, `${phase} ${seq} ${last?.t ?? ''} ${revisions.length}`);
    return { ...report, madeAt: parts.now() };
  };
  return {
    of,
    async gates(row) {
      const view = viewOf(row);
      if (ENDED.includes(view.phase)) return (await of(row)).gates;
      return replays.of(row, ({ replay }) => unhurried(presentGates(replay, view)));
    },
  };
}
