import type { DrillRun } from '../plans/drill.ts';
import { isNobody } from '../plans/exposure.ts';
import { planRefusal } from '../plans/rehearsal.ts';
import { ENDED } from '../plans/view.ts';
import type { DrillEvent, Refusal } from './event.ts';
import { isWatching } from './mode.ts';
import type { RolloutState } from './state.ts';

/** The new path is being broken right now. */
export function drillRuns({ drill }: RolloutState): boolean {
  return drill !== undefined && drill.passed === null && drill.rolledBackAt === null;
}

/** When a drill that nobody has stopped is over, in milliseconds since 1970; null: none runs. */
export function drillDeadline(state: RolloutState): number | null {
  const { drill } = state;
  return drill === undefined || !drillRuns(state) ? null : drill.startedAt + drill.within * 1000;
}

/** For people: without what the gate knew before. */
export function drillView({ drill }: RolloutState): { drill?: DrillRun } {
  if (drill === undefined) return {};
  const { memory: _memory, ...run } = drill;
  return { drill: run };
}

/** Why a drill cannot begin or end now; null when it can. The workflow's validator is this function. */
export function drillRefusal(state: RolloutState, event: Pick<DrillEvent, 'id' | 'begins'>): Refusal | null {
  if (event.begins === null) {
    return state.drill?.id === event.id && drillRuns(state)
      ? null
      : { code: 'NOT_WAITING', message: `${state.id} has no such drill running` };
  }
  if (ENDED.includes(state.phase)) return { code: 'ROLLOUT_OVER', message: `${state.id} is ${state.phase}` };
  if (state.phase === 'reverting' || state.descent != null)
    return { code: 'HARD_STOP', message: `${state.id} is being rolled back: there is nothing to rehearse` };
  if (isWatching(state))
    return { code: 'ONLY_WATCHES', message: `${state.id} only watches ${state.plan.flag.key}` };
  const why = notNow(state);
  return why === null ? null : { code: 'DRILL_REFUSED', message: `${state.id}: ${why}` };
}

function notNow(state: RolloutState): string | null {
  const { plan, exposure, stage } = state;
  if (state.drill !== undefined && state.drill.passed === null) return 'a drill runs already';
  if (state.phase !== 'active' || stage < 0 || isNobody(exposure) || state.withdrawn === true)
    return 'nobody has the canary yet';
  if (exposure.mode !== undefined) return 'nobody is served by the canary in this stage';
  if (state.write !== null || state.retry !== null) return 'the flag is being written';
  if (state.pause !== null)
    return `it is paused (${state.pause.causes.map(({ text }) => text).join('; ')}), and a drill would hide why`;
  if (plan.stages[stage]?.decommission !== undefined)
    return 'the old path is being taken out: nothing goes back to it on purpose';
  if (plan.reversibility === 'forward-only' && exposure.percent === 100)
    return 'everybody has the canary of a forward-only plan: its rollback is no rehearsal';
  const verdict = state.gate?.assessment?.verdict;
  if (verdict === 'no-data') return 'the gate has no data: it could not see the drill';
  return planRefusal(plan);
}
