import type { SplitCount } from '../plans/sample.ts';
import { gaugeAt } from './changes.ts';
import { byTarget } from './differences.ts';
import { fnv1a } from './halves.ts';
import type { Cohort } from './plan-queries.ts';
import type { CohortSeries } from './series.ts';
import { observeTarget, type Window } from './targets.ts';

/**
 * Distinct users of a cohort at the window's end: the series of one replica added up (they are split by other
 * labels), then the largest replica. Replicas see overlapping sets of users, so their sum would count people twice;
 * the largest is a lower bound, which can only make a gate wait longer. Undefined where no replica tells.
 */
export function usersOf(all: readonly CohortSeries[], cohort: Cohort, window: Window): number | undefined {
  const counts = [...perReplica(all, window).values()].flatMap((count) => count[cohort] ?? []);
  return counts.length === 0 ? undefined : Math.max(...counts);
}

/**
 * The users of both cohorts in one replica that counts both: the most of each cohort may be of different replicas, whose users are
 * no split of each other. Which one depends on the names alone, since a choice by the counts would favour those
 * that are askew. Null where none counts both.
 */
export function splitOf(all: readonly CohortSeries[], window: Window): SplitCount | null {
  const [first] = [...perReplica(all, window)]
    .flatMap(([by, { baseline, canary }]) =>
      baseline === undefined || canary === undefined ? [] : [{ by, baseline, canary }],
    )
    .sort((a, b) => fnv1a(a.by) - fnv1a(b.by) || (a.by < b.by ? -1 : 1));
  return first === undefined ? null : { ...first, by: first.by === '' ? null : first.by };
}

function perReplica(
  all: readonly CohortSeries[],
  window: Window,
): Map<string, Partial<Record<Cohort, number>>> {
  const counts = new Map<string, Partial<Record<Cohort, number>>>();
  for (const members of byTarget(all).values()) {
    const target = observeTarget(members, window);
    for (const series of members) {
      if (series.role !== 'users') continue;
      const value = gaugeAt(series, target);
      if (value === undefined || !Number.isFinite(value) || value < 0) continue;
      const replica = counts.get(series.replica) ?? {};
      counts.set(series.replica, { ...replica, [series.cohort]: (replica[series.cohort] ?? 0) + value });
    }
  }
  return counts;
}
