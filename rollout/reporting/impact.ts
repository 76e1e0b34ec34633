import { excessOf, usersHit } from '../../analysis/excess.ts';
import { isCompared } from '../../analysis/margins.ts';
import type { Visit } from '../../analysis/replay.ts';
import type { Plan } from '../../plans/plan.ts';
import type { Excess, Impact } from '../../plans/report.ts';
import { servedPlan } from '../../plans/shadow.ts';
import { planSlices, sliceMetrics } from '../../plans/slices.ts';
import { isUnserved } from '../../plans/stages.ts';

/** What users saw of the canary: how much it served, and what was bad beyond the baseline's share. */
export function impactOf(whole: Plan, all: readonly Visit[]): Impact {
  // Of what ran behind the old path users saw nothing, and of a canary that was only counted there is none.
  const plan = servedPlan(whole);
  const visits = all.filter((visit) => !isUnserved(visit.plan.stages[visit.stageIndex]));
  const seen = visits.filter(({ evidence }) => evidence.canarySeen);
  const requests = seen.reduce((sum, { evidence }) => sum + evidence.requests.canary, 0);
  const uncompared = seen
    .filter((visit) => !isCompared(visit.plan.stages[visit.stageIndex]))
    .reduce((sum, { evidence }) => sum + evidence.requests.canary, 0);
  // Who has the canary in a stage keeps it in the next: the largest stage holds them all.
  const users = largest(seen);
  const compared = largest(seen.filter((visit) => isCompared(visit.plan.stages[visit.stageIndex])));
  return {
    level: 1 - plan.analysis.falseRollback,
    requests: seen.length === 0 ? null : requests,
    uncompared,
    users,
    metrics: [
      ...plan.metrics.map((metric) => ({ metric, slice: null })),
      ...planSlices(plan).flatMap((slice) => sliceMetrics(plan, slice).map((metric) => ({ metric, slice }))),
    ].flatMap((of) => {
      const excess = excessOf(plan, visits, of);
      const known = of.slice === null ? compared : usersIn(visits, of.slice);
      return excess === null ? [] : [{ ...excess, users: usersOf(excess, known) }];
    }),
  };
}

function largest(visits: readonly Visit[]): number | null {
  const known = visits.flatMap(({ users }) => (users.canary === null ? [] : [users.canary]));
  return known.length === 0 ? null : Math.max(...known);
}

/** Of a slice, in the largest stage that was compared. */
function usersIn(visits: readonly Visit[], slice: string): number | null {
  const known = visits.flatMap(({ evidence, stageIndex, plan }) => {
    const users = evidence.slices[slice]?.users ?? null;
    return users === null || !isCompared(plan.stages[stageIndex]) ? [] : [users];
  });
  return known.length === 0 ? null : Math.max(...known);
}

function usersOf({ excess, interval }: Excess, users: number | null): Excess['users'] {
  if (users === null) return null;
  return {
    estimate: usersHit(excess, users),
    interval: interval === null ? null : [usersHit(interval[0], users), usersHit(interval[1], users)],
  };
}
