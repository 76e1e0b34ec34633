import type { Report } from '../plans/report.ts';
import { ENDED } from '../plans/view.ts';
import { reportOf } from '../rollout/reporting/report.ts';
import type { RolloutRow, RolloutStore } from '../store/store.ts';
import { viewOf } from './live.ts';
import { replayed } from './replayed.ts';

/** Reports that are kept: of the rollouts that were asked for last. */
const KEPT = 32;

/** What a report is made of. */
export interface ReportParts {
  rollouts: Pick<RolloutStore, 'journal' | 'samples' | 'latestSample' | 'planRevisions'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface Reports {
  /** The report of a rollout, with the tables of all its gates. */
  of(row: RolloutRow): Promise<Report>;
}

/**
 * A replay of weeks takes seconds, and what was recorded of an ended rollout does not change: its report is kept, under the
 * last line of its journal, its last sample and its last plan, as each may still be written just after the end. Who asks at the same
 * time waits for the same replay.
 */
export function createReports(parts: ReportParts): Reports {
  const kept = new Map<string, { key: string; report: Promise<Report> }>();
  const make = async (row: RolloutRow) => {
    const { journal, polls, replay, origin, amendments } = await replayed(parts, row);
    return reportOf({ view: viewOf(row), journal, polls, replay, origin, amendments, now: parts.now() });
  };
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
  return {
    async of(row) {
      const { phase, seq } = viewOf(row);
      if (!ENDED.includes(phase)) return make(row);
      const [last, revisions] = await Promise.all([
        parts.rollouts.latestSample(row.id),
        parts.rollouts.planRevisions(row.id),
      ]);
      const report = await keep(row, `${phase} ${seq} ${last?.t ?? ''} ${revisions.length}`);
      return { ...report, madeAt: parts.now() };
    },
  };
}
