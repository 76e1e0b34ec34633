import { stepLine, stepsText } from '../../plans/step-words.ts';
import { ActionReply, StatusReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { printable } from '../render/ink.ts';

/** What is left behind the point of no return; 1 while a step is overdue. */
export async function listSteps(context: Context, reference: string): Promise<number> {
  const api = new ApiClient(context);
  const id = await rolloutId(api, reference);
  const { view } = await api.get(`/rollouts/${encodeURIComponent(id)}`, StatusReply);
  const steps = view.steps ?? [];
  const { now } = context.page();
  context.tell({ id, steps });
  context.say(
    printable(
      steps.length === 0
        ? [`${id} has no steps: they begin at its point of no return.`]
        : [`${id}: ${stepsText(steps)}`, ...steps.map((step) => `  ${stepLine(step, now)}`)],
    ),
  );
  return steps.some(({ due, done }) => done === null && due <= now) ? 1 : 0;
}

/** Says that a step is done. */
export async function finishStep(
  context: Context,
  target: { reference: string; step: string },
  options: { reason?: string },
): Promise<void> {
  const api = new ApiClient(context);
  const id = await rolloutId(api, target.reference);
  const path = `/rollouts/${encodeURIComponent(id)}/steps/${encodeURIComponent(target.step)}/done`;
  const body = { ...(await context.named()), reason: options.reason ?? null };
  const reply = await api.change(path, { body, reply: ActionReply });
  context.tell(reply);
  context.say(printable([`${reply.id}: ${reply.summary}`]));
}
