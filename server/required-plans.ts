import { type Circle, circleOf } from '../plans/circles.ts';
import type { Beside } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import {
  type PlacedRequirement,
  type RequiredRow,
  requirementsOf,
  sightOf,
  standingOf,
} from '../plans/requires.ts';
import { besideRequired, type Found } from '../plans/review/required.ts';
import { ENDED, PHASES } from '../plans/view.ts';
import { AMENDMENT_WAITS } from '../rollout/blockers.ts';
import type { Proposal, RolloutRow, Standing } from '../store/store.ts';
import { planOf } from './live.ts';

const ACTIVE = PHASES.filter((phase) => !ENDED.includes(phase));
/** Rollouts of one name that are looked through for the newest that has begun. */
const MOST = 20;

export interface RequiredPlans {
  beside: Beside;
  /** Where the plan begins to wait for itself, and how; null: it does not. */
  circle: Circle | null;
}

/** The rollouts that a plan requires something of; null: it requires nothing. `amends`: the one whose plan it is to become. */
export async function requiredPlans(
  rollouts: Standing,
  plan: Plan,
  amends: string | null,
): Promise<RequiredPlans | null> {
  const all = requirementsOf(plan);
  if (all.length === 0) return null;
  const found = new Map<string, Found>();
  for (const requirement of all) {
    const { rollout, environment } = requirement;
    if (found.has(keyOf(requirement))) continue;
    const rows = (await rollouts.list({ name: rollout, environment, limit: MOST })).map(requiredRow);
    const sight = sightOf({ rollout, environment }, rows);
    found.set(keyOf(requirement), { sight, row: rows.find(({ id }) => id === sight.id) ?? null });
  }
  const foundOf = (requirement: PlacedRequirement): Found => {
    const { rollout, environment } = requirement;
    return found.get(keyOf(requirement)) ?? { sight: sightOf({ rollout, environment }, []), row: null };
  };
  const [rows, proposals] = await Promise.all([rollouts.list({ phases: ACTIVE }), rollouts.proposals()]);
  const others = rows.filter(({ id }) => id !== amends);
  const isMet = (requirement: PlacedRequirement) =>
    standingOf(requirement, foundOf(requirement).sight) === 'met';
  const circle =
    circleOf(plan, { active: others.map(requiredRow), isMet }) ??
    circleOf(plan, { active: others.map((row) => requiredRow(amendedSoon(row, proposals))), isMet });
  return {
    beside: besideRequired(plan, foundOf),
    // What only watches holds nobody up.
    circle: plan.mode === 'observe' ? null : circle,
  };
}

/** With the plan that it is about to get: one that was asked for just now, or that waits for a second person. */
function amendedSoon(row: RolloutRow, proposals: readonly Proposal[]): RolloutRow {
  const proposal = proposals.find(({ rolloutId }) => rolloutId === row.id);
  if (proposal === undefined) return row;
  const waits = row.view?.blockers.some(({ text }) => text === AMENDMENT_WAITS) ?? false;
  return proposal.fresh || waits ? { ...row, plan: proposal.plan } : row;
}

function keyOf({ rollout, environment }: PlacedRequirement): string {
  return JSON.stringify([environment, rollout]);
}

function requiredRow({ id, phase, view, plan }: RolloutRow): RequiredRow {
  return { id, phase, view, plan: planOf({ plan }) };
}
