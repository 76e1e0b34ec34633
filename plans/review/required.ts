import { reachingStage } from '../circles.ts';
import type { Path } from '../document.ts';
import type { Beside } from '../parse.ts';
import type { Plan } from '../plan.ts';
import {
  type PlacedRequirement,
  type RequiredRow,
  type RequiredSight,
  reachedText,
  requirementsOf,
  sightText,
  standingOf,
} from '../requires.ts';

/** A rollout that a plan requires something of: how it stands, and its row; null: there is none. */
export interface Found {
  sight: RequiredSight;
  row: RequiredRow | null;
}

export function requirementPath({ at, index }: PlacedRequirement): Path {
  return at < 0 ? ['requires', index] : ['stages', at, 'requires', index];
}

/** What the plan would wait for without an end in sight, as things stand. */
export function besideRequired(plan: Plan, found: (requirement: PlacedRequirement) => Found): Beside {
  return {
    knows: 'rollouts',
    review(_, warn) {
      for (const requirement of requirementsOf(plan)) {
        const message = openText(requirement, found(requirement));
        if (message === null) continue;
        warn(requirementPath(requirement), {
          rule: 'PLAN-REQUIRES-OPEN',
          message,
          instead: 'nothing where that is to come: the rollout waits for it, and says so',
        });
      }
    },
  };
}

function openText(requirement: PlacedRequirement, { sight, row }: Found): string | null {
  if (standingOf(requirement, sight) === 'met') return null;
  if (row === null) return sightText(sight);
  const { id, phase, plan } = row;
  if (phase !== 'submitted' && phase !== 'active') return `${sightText(sight)}: a newer one must get there`;
  return reachingStage(plan, requirement) === null
    ? `the plan of ${id} never reaches ${reachedText(requirement)}`
    : null;
}
