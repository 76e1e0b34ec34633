import { type Circle, reachingStage } from '../circles.ts';
import { type Path, readYaml } from '../document.ts';
import { type Finding, pathText } from '../finding.ts';
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

/** Where in a plan's text the circle begins. */
export function circleFinding(
  { text, file }: { text: string; file: string },
  { requirement, text: circle, written }: Circle & { written: (path: Path) => Path },
): Finding {
  const path = written(requirementPath(requirement));
  return {
    severity: 'error',
    rule: 'PLAN-CIRCLE',
    file,
    ...readYaml(text, { file, rule: 'PLAN-YAML' }).locate(path),
    path: pathText(path),
    message: `none of these could go on: ${circle}`,
    instead: 'let one of them go first: take out its `requires`, or ask for less',
  };
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
