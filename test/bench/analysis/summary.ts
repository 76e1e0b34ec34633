import type { Cell } from './cells.ts';
import type { Outcome } from './rollout.ts';

/** What one judge made of one cell. Times in seconds since the regression began. */
export interface Summary {
  judge: string;
  rollouts: number;
  stopped: number;
  /** In %. */
  share: number;
  /** Of those that stopped. */
  median: number | null;
  /** Lower end of the median's 95 % interval. */
  medianAtLeast: number | null;
  /** Of all rollouts: null where fewer than 90 % were found. */
  p90: number | null;
  /** Of those that stopped, in %. */
  hard: number | null;
  /** Stopped before there was anything to find. */
  early: number;
  /** Median over the rollouts of the median poll. */
  micros: number;
}

export interface CellSummary {
  cell: Cell;
  judges: Summary[];
  /** By judge and seed, for the comparison of sizes: null where it was not found. */
  times: Record<string, (number | null)[]>;
}

export function summarize(cell: Cell, outcomes: readonly Outcome[]): CellSummary {
  const judges = Object.keys(outcomes[0]?.judged ?? {});
  const times: CellSummary['times'] = {};
  const summaries = judges.map((judge): Summary => {
    const runs = outcomes.flatMap(({ judged, onset }) => {
      const one = judged[judge];
      return one === undefined ? [] : [{ ...one, onset }];
    });
    const early = runs.filter(({ end, onset }) => end !== null && end.t <= onset).length;
    const ends = runs.map(({ end, onset }) =>
      end === null || end.t <= onset ? null : { hard: end.hard, after: end.t - onset },
    );
    const found = ends.flatMap((end) => (end === null ? [] : [end]));
    times[judge] = ends.map((end) => end?.after ?? null);
    const sorted = found.map(({ after }) => after).sort((a, b) => a - b);
    return {
      judge,
      rollouts: runs.length,
      stopped: found.length,
      share: (100 * found.length) / Math.max(1, runs.length),
      median: middle(sorted),
      medianAtLeast:
        sorted[Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)))] ?? null,
      p90: sorted[Math.ceil(0.9 * runs.length) - 1] ?? null,
      hard: found.length === 0 ? null : (100 * found.filter(({ hard }) => hard).length) / found.length,
      early,
      micros: middle(runs.map(({ micros }) => micros).sort((a, b) => a - b)) ?? 0,
    };
  });
  return { cell, judges: summaries, times };
}

function middle(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? 0) + (sorted[Math.ceil(at)] ?? 0)) / 2;
}
