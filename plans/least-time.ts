import type { Plan } from './plan.ts';
import { stageOpening, type Windows } from './windows.ts';

type Stage = Plan['stages'][number];

/** Seconds that a stage is to take; behind the last one that serves, the clean days alone decide. */
export function plannedTime({ bake, decommission }: Stage): number {
  return decommission?.cleanFor ?? bake;
}

/** Seconds that a stage takes at least: less than planned where its proof may be reached early. */
export function leastTime(stage: Stage): number {
  return Math.min(plannedTime(stage), stage.promote?.early ?? plannedTime(stage));
}

/** The windows that the opening of a stage waits for: its own, else those at the top. */
export function windowsOf({ windows, stages }: Pick<Plan, 'windows' | 'stages'>, stage: number) {
  return stages[stage]?.windows ?? windows;
}

/** When the windows let a stage open, not before `at`; both in milliseconds since 1970. */
export function openingOf(plan: Pick<Plan, 'windows' | 'stages'>, index: number, at: number): number {
  const stage = plan.stages[index];
  const windows = windowsOf(plan, index);
  if (stage === undefined || windows === undefined) return at;
  // What is left behind the point of no return raises nothing that a freeze would have to stop.
  const rule: Windows =
    stage.decommission === undefined ? windows : { ...windows, bakeOutsideFreezes: false };
  return stageOpening(rule, { at, bake: stage.bake }) ?? at;
}

/** When the first stage opens and when the last one is over where nobody and nothing holds it; milliseconds since 1970. */
export function earliestTimes(plan: Plan, now: number): { begin: number; end: number } {
  const from = plan.start === undefined ? now : Math.max(now, Date.parse(plan.start.at));
  const begin = openingOf(plan, 0, from);
  const end = plan.stages.reduce(
    (at, stage, index) => openingOf(plan, index, at) + leastTime(stage) * 1000,
    begin,
  );
  return { begin, end };
}
