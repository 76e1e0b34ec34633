import {
  type PlacedRequirement,
  type RequiredSight,
  reachedText,
  requirementsOf,
  type Standing,
  sightText,
  standingOf,
} from '../plans/requires.ts';
import type { Blocker, RequirementView } from '../plans/view.ts';
import type { FollowRequest } from './command.ts';
import { isWatching } from './mode.ts';
import { nextStage } from './origin.ts';
import type { RolloutState } from './state.ts';

/*
 * What a plan requires of other rollouts. One activity follows them and answers when something has changed; right before a
 * raise it is asked anew, so that nothing rises on what was true once.
 */

/** How long an answer may be trusted for a move up, in milliseconds. */
const FRESH = 15_000;

/** The requirements that bind the next stage: those of the top, of it and of the stages below. Completing raises nobody. */
export function requirementsAhead(state: RolloutState): PlacedRequirement[] {
  const next = nextStage(state);
  if (next >= state.plan.stages.length) return [];
  return requirementsOf(state.plan).filter(({ at }) => at <= next);
}

/** What tells a requirement from the others, and from what it was before an amendment. */
export function requirementKey({ rollout, environment, reached, at }: PlacedRequirement): string {
  return JSON.stringify([environment, rollout, reached, at]);
}

export function sightFor(
  { required }: RolloutState,
  { rollout, environment }: Pick<RequiredSight, 'rollout' | 'environment'>,
): RequiredSight | null {
  const found = required?.sights.find((one) => one.rollout === rollout && one.environment === environment);
  return found ?? null;
}

/** Null: nobody has answered yet. */
export function standingNow(state: RolloutState, requirement: PlacedRequirement): Standing | null {
  const sight = sightFor(state, requirement);
  return sight === null ? null : standingOf(requirement, sight);
}

/** True when the answer that a raise needs is missing or not of now. */
export function answerWanted(state: RolloutState, now: number): boolean {
  if (requirementsAhead(state).length === 0) return false;
  return state.required === undefined || now - state.required.at >= FRESH;
}

/** What has not got so far as the next stage requires. */
export function requirementBlockers(state: RolloutState): Blocker[] {
  const ahead = requirementsAhead(state);
  const missing = ahead.map((requirement) => missingText(state, requirement)).filter((text) => text !== null);
  const out = ahead.length > 0 && state.follow?.asking === true;
  const texts = missing.length === 0 && out ? [askingText(state, ahead)] : missing;
  return texts.map((text) => ({ kind: 'requires', text, until: null, roles: [] }));
}

function askingText(state: RolloutState, ahead: readonly PlacedRequirement[]): string {
  const names = [...new Set(ahead.map(({ rollout }) => rollout))].join(', ');
  return `${names} ${names.includes(',') ? 'are' : 'is'} read anew before stage ${state.plan.stages[nextStage(state)]?.name ?? ''} opens`;
}

function missingText(state: RolloutState, requirement: PlacedRequirement): string | null {
  const { rollout, environment } = requirement;
  const sight = sightFor(state, requirement);
  if (sight !== null && standingOf(requirement, sight) === 'met') return null;
  const place = environment === state.plan.environment ? '' : ` in ${environment}`;
  const stage = state.plan.stages[nextStage(state)]?.name ?? '';
  const seen = sight === null ? 'how far it is has not been read yet' : sightText(sight);
  return `stage ${stage} waits until ${rollout}${place} has reached ${reachedText(requirement)}: ${seen}`;
}

/** The rollouts to follow, each once. */
export function followed(state: RolloutState): FollowRequest['wanted'] {
  const wanted = requirementsOf(state.plan).map(({ rollout, environment }) => ({ rollout, environment }));
  return wanted.filter(
    (one, index) =>
      wanted.findIndex(
        ({ rollout, environment }) => rollout === one.rollout && environment === one.environment,
      ) === index,
  );
}

/** What the activity of a state is asked to follow; null when there is none. */
export function followRequest(state: RolloutState): FollowRequest | null {
  const { follow, required } = state;
  if (follow == null) return null;
  return {
    id: follow.id,
    rolloutId: state.id,
    wanted: followed(state),
    known: follow.asking ? null : (required?.sights ?? null),
    ...(isWatching(state) ? { watching: true as const } : {}),
  };
}

export function requiresView(state: RolloutState): { requires?: RequirementView[] } {
  const all = requirementsOf(state.plan);
  if (all.length === 0) return {};
  return {
    requires: all.map((requirement) => {
      const { rollout, environment, at } = requirement;
      const sight = sightFor(state, requirement);
      return {
        rollout,
        environment,
        id: sight?.id ?? null,
        stage: state.plan.stages[at]?.name ?? null,
        reached: reachedText(requirement),
        standing: sight === null ? 'unknown' : standingOf(requirement, sight),
        text: sight === null ? 'not read yet' : sightText(sight),
      };
    }),
  };
}
