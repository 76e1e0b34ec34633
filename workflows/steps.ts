import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RecordRequest } from '../rollout/command.ts';
import type { RolloutEvent, StepEvent } from '../rollout/event.ts';
import type { RolloutState } from '../rollout/state.ts';
import { nextDeadline, step } from '../rollout/step.ts';
import { stepRefusal, stepsLeft } from '../rollout/steps.ts';
import { viewOf } from '../rollout/view.ts';
import { type Addressed, stepUpdate } from './messages.ts';

const records = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
});

/**
 * Behind the point of no return: reminds of what is left until somebody has said of each step that it is done. `state` is the
 * rollout's last one.
 */
export async function steps(input: { state: RolloutState }): Promise<void> {
  let { state } = input;
  let moves = 0;
  const unrecorded: RecordRequest[] = [];

  function dispatch(event: RolloutEvent): string {
    const [next, commands] = step(state, event, Date.now());
    state = next;
    moves += 1;
    const requests = commands.flatMap((command) => (command.kind === 'record' ? [command.request] : []));
    unrecorded.push(...requests);
    return requests[0]?.entries[0]?.summary ?? '';
  }

  async function record(): Promise<void> {
    while (unrecorded[0] !== undefined) {
      await records.record(unrecorded[0]);
      unrecorded.shift();
    }
  }

  setHandler(
    stepUpdate,
    ({ message }) => {
      const summary = dispatch({ kind: 'step-done', ...message });
      return { summary, view: viewOf(state, Date.now()) };
    },
    {
      validator: ({ message }: Addressed<Omit<StepEvent, 'kind'>>) => {
        const no = stepRefusal(state, { kind: 'step-done', ...message });
        if (no !== null) throw ApplicationFailure.nonRetryable(no.message, no.code);
      },
    },
  );

  while (stepsLeft(state).length > 0) {
    await record();
    if (workflowInfo().continueAsNewSuggested && allHandlersFinished())
      return continueAsNew<typeof steps>({ state });
    const seen = moves;
    const due = nextDeadline(state, Date.now()) ?? Date.now();
    if (!(await condition(() => moves !== seen, Math.max(1, due - Date.now())))) dispatch({ kind: 'tick' });
  }
  await record();
  await condition(() => unrecorded.length === 0 && allHandlersFinished());
}
