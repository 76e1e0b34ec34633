import type { Plan } from '../plans/plan.ts';
import type { Step, StepLeft } from '../plans/steps.ts';
import type { Refusal, StepEvent } from './event.ts';
import { ruleOf } from './no-return.ts';
import type { RolloutState } from './state.ts';

/** Between two reminders of a step, in milliseconds. */
const WEEK = 604_800_000;

type Left = NonNullable<RolloutState['steps']>[number];

/** What is left once the point of no return is confirmed, with its days counted from then. */
export function stepsOf(plan: Plan, stage: number, now: number): Left[] {
  const steps: Step[] | undefined = ruleOf(plan, stage)?.steps;
  return (steps ?? []).map(({ name, kind, owner, due }) => ({
    name,
    kind,
    owner: owner ?? plan.metadata.owner ?? null,
    due: typeof due === 'number' ? now + due * 1000 : Date.parse(`${due}T00:00:00Z`),
    done: null,
    reminded: 0,
  }));
}

export function stepsLeft({ phase, steps = [] }: RolloutState): Left[] {
  return phase === 'completed' ? steps.filter(({ done }) => done === null) : [];
}

/** How many reminders of a step are due: one at its day, then one each week. */
export function remindersDue({ due }: StepLeft, now: number): number {
  return now < due ? 0 : 1 + Math.floor((now - due) / WEEK);
}

/** When the reducer must be asked to remind; empty: nothing is left. */
export function stepTimes(state: RolloutState): number[] {
  return stepsLeft(state).map(({ due, reminded }) => due + reminded * WEEK);
}

/** Why a step cannot be marked as done; null: it can. */
export function stepRefusal(state: RolloutState, { step }: StepEvent): Refusal | null {
  const { id, phase, steps = [] } = state;
  if (phase !== 'completed')
    return { code: 'NOT_WAITING', message: `${id} has not passed its point of no return` };
  const found = steps.find(({ name }) => name === step);
  if (found === undefined)
    return {
      code: 'STEP_UNKNOWN',
      message: `${id} has no step ${step}: ${steps.map(({ name }) => name).join(', ') || 'it has none'}`,
    };
  return found.done === null
    ? null
    : { code: 'NOT_WAITING', message: `the step ${step} of ${id} was done by ${found.done.by} already` };
}

/** As people see them. */
export function stepsView({ steps = [] }: RolloutState): { steps?: StepLeft[] } {
  return steps.length === 0 ? {} : { steps: steps.map(shown) };
}

function shown({ name, kind, owner, due, done }: Left): StepLeft {
  return { name, kind, owner, due, done };
}
