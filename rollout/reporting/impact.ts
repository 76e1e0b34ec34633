import { excessOf, usersHit } from '../../analysis/excess.ts';
import { isCompared } from '../../analysis/margins.ts';
import type { Visit } from '../../analysis/replay.ts';
import type { Plan } from '../../plans/plan.ts';
import type { Excess, Impact } from '../../plans/report.ts';

/** What users saw of the canary: how much it served, and what was bad beyond the baseline's share. */
export function impactOf(plan: Plan, visits: readonly Visit[]): Impact {
  const seen = visits.filter(({ evidence }) => evidence.canarySeen);
  const requests = seen.reduce((sum, { evidence }) => sum + evidence.requests.canary, 0);
  const uncompared = seen
    .filter(({ stageIndex }) => !isCompared(plan.stages[stageIndex]))
    .reduce((sum, { evidence }) => sum + evidence.requests.canary, 0);
  // Who has the canary in a stage keeps it in the next: the largest stage holds them all.
  const users = largest(seen);
  const compared = largest(seen.filter(({ stageIndex }) => isCompared(plan.stages[stageIndex])));
  return {
    level: 1 - plan.analysis.falseRollback,
    requests: seen.length === 0 ? null : requests,
    uncompared,
    users,
    metrics: plan.metrics.flatMap((metric) => {
      const excess = excessOf(plan, visits, metric);
      return excess === null ? [] : [{ ...excess, users: usersOf(excess, compared) }];
    }),
  };
}

function largest(visits: readonly Visit[]): number | null {
  const known = visits.flatMap(({ users }) => (users.canary === null ? [] : [users.canary]));
  return known.length === 0 ? null : Math.max(...known);
}

function usersOf({ excess, interval }: Excess, users: number | null): Excess['users'] {
  if (users === null) return null;
  return {
    estimate: usersHit(excess, users),
    interval: interval === null ? null : [usersHit(interval[0], users), usersHit(interval[1], users)],
  };
}
