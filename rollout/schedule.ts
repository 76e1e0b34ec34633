import { openingOf, windowsOf } from '../plans/least-time.ts';
import type { Blocker } from '../plans/view.ts';
import { closedText, nextOpening, stageOpening } from '../plans/windows.ts';
import { clock } from '../plans/words.ts';
import { nextStage } from './origin.ts';
import type { RolloutState } from './state.ts';

/** True while the rollout rests below: what the gate knew when it stepped back is no news. */
export function isResting({ retreat }: RolloutState, now: number): boolean {
  return retreat?.until != null && now < retreat.until;
}

/** Before it nothing begins; 0: the plan names no time. */
export function startOf({ plan }: Pick<RolloutState, 'plan'>): number {
  return plan.start === undefined ? 0 : Date.parse(plan.start.at);
}

/** When the plan's times let the next stage open, where nothing else holds it; ms since 1970, not before `now`. */
export function opensAt(state: RolloutState, now: number): number {
  const rested = Math.max(now, state.retreat?.until ?? 0, state.stage < 0 ? startOf(state) : 0);
  return openingOf(state.plan, nextStage(state), rested);
}

/** What only time ends: the start, a rest after a step back, windows, a freeze that the bake time would run into. */
export function timeBlockers(state: RolloutState, now: number): Blocker[] {
  const { plan } = state;
  const next = nextStage(state);
  const stage = plan.stages[next];
  // Only the end of the rollout is left: nothing moves up any more, so no window binds it.
  if (stage === undefined) return [];
  const blockers: Blocker[] = [];
  const block = (kind: Blocker['kind'], text: string, until: number) =>
    blockers.push({ kind, text, until, roles: [] });
  const start = startOf(state);
  if (state.stage < 0 && now < start) block('start', `starts at ${clock(start)} UTC`, start);
  const until = state.retreat?.until ?? now;
  if (isResting(state, now)) block('retreat', 'rests after a step back before it is tried again', until);
  const windows = windowsOf(plan, next);
  const opening = nextOpening(windows, now);
  if (opening !== null) block('window', closedText(windows, now), opening);
  if (opening !== null || stage.decommission !== undefined || windows?.bakeOutsideFreezes !== true)
    return blockers;
  const clear = stageOpening(windows, { at: now, bake: stage.bake });
  if (clear !== null) block('freeze', `the bake time of stage ${stage.name} would run into a freeze`, clear);
  return blockers;
}

/** When the whole rollout is to be over; null: the plan does not say, or counts from a start that has not been. */
export function deadlineOf({ plan, startedAt }: RolloutState): number | null {
  const { deadline } = plan;
  if (deadline?.at !== undefined) return Date.parse(deadline.at);
  if (deadline?.after === undefined || startedAt === null) return null;
  return startedAt + deadline.after * 1000;
}

/** When people hear that it comes: at most half of the rollout's time before. */
export function warningOf(state: RolloutState, deadline: number): number {
  const begun = state.startedAt ?? state.submittedAt;
  const before = Math.min((state.plan.deadline?.warn ?? 0) * 1000, Math.max(0, deadline - begun) / 2);
  return deadline - before;
}

/** When the reducer must be asked for these, whatever else holds. */
export function scheduleTimes(state: RolloutState): number[] {
  const times: number[] = [];
  const deadline = deadlineOf(state);
  if (deadline !== null && state.overran !== deadline)
    times.push(state.warned === deadline ? deadline : Math.min(deadline, warningOf(state, deadline)));
  if (state.retreat?.until != null) times.push(state.retreat.until);
  return times;
}
