import { stepsText } from '../plans/step-words.ts';
import { capital, moment } from '../plans/words.ts';
import type { StepEvent } from './event.ts';
import { remindersDue, stepRefusal, stepsLeft } from './steps.ts';
import type { Turn } from './turn.ts';
import { journal, person, policy } from './turn.ts';

/** Reminds of every step whose day has come, and each week again; a clock that jumped reminds once. */
export function remindSteps(turn: Turn): void {
  const { state, now } = turn;
  for (const step of stepsLeft(state)) {
    const due = remindersDue(step, now);
    if (due <= step.reminded) continue;
    state.steps = state.steps?.map((one) => (one.name === step.name ? { ...one, reminded: due } : one)) ?? [];
    journal(turn, 'step-due', {
      cause: policy('the plan names a day for it'),
      summary: `The step ${step.name} is left, by ${step.owner ?? 'nobody named'}: it was due ${moment(step.due)}. \`tidegate steps done ${state.id} ${JSON.stringify(step.name)}\` ends the reminders.`,
    });
  }
}

/** A person says that it is done; the last one is the end of the old path. */
export function onStepDone(turn: Turn, event: StepEvent): void {
  const { state, now } = turn;
  if (stepRefusal(state, event) !== null) return;
  const { by, reason } = event;
  const cause = person(event, reason);
  state.steps =
    state.steps?.map((one) => (one.name === event.step ? { ...one, done: { by, at: now, reason } } : one)) ??
    [];
  journal(turn, 'step-done', {
    cause,
    summary: `${by} has done the step ${event.step}${reason === null ? '' : `: ${reason}`}. ${capital(stepsText(state.steps))}.`,
  });
  if (stepsLeft(state).length > 0) return;
  journal(turn, 'steps-done', {
    cause,
    summary: `Every step is done: nothing of the old path of ${state.plan.flag.key} is left.`,
  });
}
