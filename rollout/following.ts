import { type PlacedRequirement, reachedText, requirementsOf, sightText } from '../plans/requires.ts';
import type { RolloutEvent } from './event.ts';
import { isWatching } from './mode.ts';
import { followed, followRequest, requirementKey, sightFor, standingNow } from './required.ts';
import type { RolloutState } from './state.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal, policy } from './turn.ts';

export function onRequired(turn: Turn, event: Extract<RolloutEvent, { kind: 'required' }>): void {
  const { state, now } = turn;
  if (state.follow == null || state.follow.id !== event.follow) return;
  state.required = { sights: event.sights, at: now };
  follow(turn, false);
}

/** Has the others read now, for a raise that nothing else holds. */
export function askRequired(turn: Turn): void {
  // A second request while one is out would only repeat the question.
  if (turn.state.follow?.asking !== true) follow(turn, true);
}

/** Sees to it that the others are followed as long as anything hangs on them. */
export function keepFollowing(turn: Turn): void {
  const { state } = turn;
  const moving = state.phase === 'submitted' || state.phase === 'active';
  const wanted = moving && followed(state).length > 0;
  if (wanted && state.follow?.planRevision !== state.planRevision) follow(turn, true);
  if (wanted || state.follow == null) return;
  state.follow = null;
  turn.commands.push({ kind: 'unfollow' });
}

/** `asking`: it answers with what it reads first, else with what is news. */
function follow(turn: Turn, asking: boolean): void {
  const { state } = turn;
  state.follows = (state.follows ?? 0) + 1;
  state.follow = { id: state.follows, planRevision: state.planRevision, asking };
  const request = followRequest(state);
  if (request !== null) turn.commands.push({ kind: 'follow', request });
}

/** Acts once where something that this rollout has gone on with is there no more. */
export function onLoss(turn: Turn): void {
  const { state } = turn;
  if (isWatching(state)) return;
  for (const requirement of requirementsOf(state.plan)) {
    if (state.phase !== 'submitted' && state.phase !== 'active') return;
    const key = requirementKey(requirement);
    const standing = standingNow(state, requirement);
    if (standing === null) continue;
    const known = state.requirements?.[key];
    if (standing === 'met') {
      if (known !== 'met') remember(state, key, 'met');
      if (known !== 'met') noteMet(turn, requirement, known !== undefined);
      continue;
    }
    if (known === undefined || known === 'undone' || known === standing) continue;
    const reliedOn = state.stage >= Math.max(0, requirement.at);
    if (!reliedOn) {
      forget(state, key);
      continue;
    }
    remember(state, key, standing);
    lose(turn, requirement, standing);
  }
}

function remember(state: RolloutState, key: string, standing: 'met' | 'short' | 'undone'): void {
  state.requirements = { ...state.requirements, [key]: standing };
}

function forget(state: RolloutState, key: string): void {
  const { [key]: _, ...others } = state.requirements ?? {};
  state.requirements = others;
}

function noteMet(turn: Turn, requirement: PlacedRequirement, again: boolean): void {
  const { state } = turn;
  const { rollout, at } = requirement;
  const stage = state.plan.stages[at]?.name;
  const sight = sightFor(state, requirement);
  journal(turn, 'note', {
    cause: policy(`what the plan requires of ${rollout}`),
    summary: `${sight?.id ?? rollout} has reached ${reachedText(requirement)}${again ? ' again' : ''}, which ${stage === undefined ? 'the plan' : `stage ${stage}`} requires.`,
    flagBefore: state.flagRevision,
  });
}

function lose(turn: Turn, requirement: PlacedRequirement, standing: 'short' | 'undone'): void {
  const { state } = turn;
  const sight = sightFor(state, requirement);
  const seen = sight === null ? '' : sightText(sight);
  const text = `${seen}, and the plan requires that ${requirement.rollout} has reached ${reachedText(requirement)}`;
  const cause = policy(text);
  // Behind the point of no return nothing is taken back without a person.
  const final = state.plan.stages[state.stage]?.decommission !== undefined;
  if (requirement.then === 'note') {
    journal(turn, 'note', { cause, summary: `Goes on, although ${text}.`, flagBefore: state.flagRevision });
  } else if (requirement.then === 'rollback' && standing === 'undone' && !final) {
    stop(turn, {
      transition: 'rollback-requested',
      cause,
      summary: `Rolled back: ${text}.`,
      evidence: state.gate?.assessment ?? null,
    });
  } else {
    addPause(turn, 'required', text);
    journal(turn, 'paused', { cause, summary: `Paused: ${text}.`, flagBefore: state.flagRevision });
  }
}
