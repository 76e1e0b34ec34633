import { gaugeAt } from './changes.ts';
import type { Cohort } from './plan-queries.ts';
import type { CohortSeries } from './series.ts';
import { observeTarget, type Window } from './targets.ts';

/**
 * Distinct users of a cohort at the window's end: the series of one replica added up (they are split by other
 * labels), then the largest replica. Replicas see overlapping sets of users, so their sum would count people twice;
 * the largest is a lower bound, which can only make a gate wait longer. Undefined where no replica tells.
 */
export function usersOf(all: readonly CohortSeries[], cohort: Cohort, window: Window): number | undefined {
  const perReplica = new Map<string, number>();
  const targets = new Map<string, CohortSeries[]>();
  for (const series of all) targets.set(series.target, [...(targets.get(series.target) ?? []), series]);
  for (const members of targets.values()) {
    const target = observeTarget(members, window);
    for (const series of members) {
      if (series.role !== 'users' || series.cohort !== cohort) continue;
      const value = gaugeAt(series, target);
      if (value === undefined || !Number.isFinite(value)) continue;
      perReplica.set(series.replica, (perReplica.get(series.replica) ?? 0) + value);
    }
  }
  return perReplica.size === 0 ? undefined : Math.max(...perReplica.values());
}
