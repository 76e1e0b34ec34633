import type { Plan } from './plan.ts';
import type { Requirement } from './requirement.ts';
import {
  isRequired,
  type PlacedRequirement,
  type RequiredRow,
  reachedText,
  requirementsOf,
} from './requires.ts';
import { stageExposure } from './stages.ts';

/** A rollout that waits, or a plan that is to become one. */
interface Waiter {
  /** What people call it. */
  name: string;
  plan: Plan;
  /** What it waits for at the opening of a stage, as things stand. */
  waits: PlacedRequirement[];
}

/** A circle by the requirement of the new plan that begins it, and in words. */
export interface Circle {
  requirement: PlacedRequirement;
  text: string;
}

/**
 * Finds stages that wait for each other so that none of them can open: a plan's own, and those of active rollouts. Two plans
 * that wait for each other in turn (25 % after 25 %, 50 % after 50 %) are no circle. `isMet`: what the new plan does not wait for.
 */
export function circleOf(
  plan: Plan,
  { active, isMet }: { active: readonly RequiredRow[]; isMet: (requirement: PlacedRequirement) => boolean },
): Circle | null {
  const own: Waiter = {
    name: plan.metadata.name,
    plan,
    waits: requirementsOf(plan).filter((one) => !isMet(one)),
  };
  const others = active.map(waiterOf);
  const find = ({ rollout, environment }: PlacedRequirement): Waiter | undefined => {
    const named = ({ plan: { metadata, environment: place } }: Waiter) =>
      metadata.name === rollout && place === environment;
    return named(own) ? own : others.find(named);
  };
  /** The requirements on the way back to `goal`; null: none leads there. */
  const wayTo = (from: Waiter, stage: number, seen: Set<string>): PlacedRequirement[] | null => {
    for (const requirement of from.waits) {
      if (requirement.at > stage) continue;
      const next = find(requirement);
      const reached = next === undefined ? null : reachingStage(next.plan, requirement);
      if (next === undefined || reached === null) continue;
      if (next === own && reached >= goal) return [requirement];
      const key = `${next.name} ${reached}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const rest = wayTo(next, reached, seen);
      if (rest !== null) return [requirement, ...rest];
    }
    return null;
  };
  let goal = 0;
  for (const requirement of own.waits) {
    goal = Math.max(0, requirement.at);
    const alone = { ...own, waits: [requirement] };
    const way = wayTo(alone, goal, new Set());
    if (way !== null) {
      return { requirement, text: textOf(own, way, find) };
    }
  }
  return null;
}

/** What a rollout has already is nothing that it waits for. */
function waiterOf({ id, plan, view }: RequiredRow): Waiter {
  const met = view?.requires?.filter(({ standing }) => standing === 'met') ?? [];
  const waits = requirementsOf(plan).filter(
    (one) => !met.some((seen) => isRequired(one, plan.stages[one.at]?.name ?? null, seen)),
  );
  return { name: id, plan, waits: plan.mode === 'observe' ? [] : waits };
}

/** The first stage in which a plan has got as far as is required; null: none. */
export function reachingStage(plan: Plan, { reached }: Pick<Requirement, 'reached'>): number | null {
  const last = plan.stages.length - 1;
  const found =
    reached === 'completed'
      ? last
      : plan.stages.findIndex((stage, index) =>
          typeof reached === 'object'
            ? stage.name === reached.stage
            : stageExposure(plan, index).mode === undefined &&
              stageExposure(plan, index).percent >= reached * 100 - 1e-9,
        );
  return found < 0 ? null : found;
}

function textOf(
  own: Waiter,
  way: readonly PlacedRequirement[],
  find: (requirement: PlacedRequirement) => Waiter | undefined,
): string {
  let from = own;
  const steps = way.map((requirement) => {
    const stage = from.plan.stages[Math.max(0, requirement.at)]?.name ?? '';
    const next = find(requirement) ?? from;
    const step = `stage ${stage} of ${from.name} waits until ${next.name} has reached ${reachedText(requirement)}`;
    from = next;
    return step;
  });
  return steps.join(', ');
}
