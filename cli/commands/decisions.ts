import { Failure } from '../../plans/failures.ts';
import { type Action, ActionReply, AmendReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { rolloutId } from '../reference.ts';

/** As the table of `status` shows differences: `0.3pp` → 0.003, or a plain number in a gauge's or a mean's unit. */
export function acceptedDifference(text: string): number {
  const match = /^[+-]?(\d+(?:\.\d+)?)(pp)?$/.exec(text);
  if (match === null) {
    throw new Failure('USAGE', `${text} is no difference that can be accepted.`, {
      details: [
        'as `tidegate status` shows it: 0.3pp of a ratio, 4pp of slow requests, or 2.5 in the unit of a gauge',
      ],
    });
  }
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) / 100;
}

export interface DecisionOptions {
  reason?: string;
  accept?: string;
  breakGlass?: boolean;
}

/** Sends a person's decision and says what came of it. */
export async function decide(
  context: Context,
  decision: { action: Action; reference: string },
  options: DecisionOptions,
): Promise<void> {
  const api = new ApiClient(context);
  const accept = options.accept === undefined ? null : acceptedDifference(options.accept);
  const id = await rolloutId(api, decision.reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/actions/${decision.action}`, {
    body: {
      ...(await context.named()),
      reason: options.reason ?? null,
      accept,
      breakGlass: options.breakGlass === true,
    },
    reply: ActionReply,
  });
  context.tell(reply);
  context.say([
    `${reply.id}: ${reply.summary}`,
    ...(reply.view.next === '' ? [] : [`next: ${reply.view.next}`]),
  ]);
}

export async function amend(
  context: Context,
  target: { reference: string; file: string },
  options: { reason?: string },
): Promise<void> {
  const api = new ApiClient(context);
  const text = await planText(target.file);
  const id = await rolloutId(api, target.reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/amend`, {
    body: { ...(await context.named()), text, file: target.file, reason: options.reason ?? null },
    reply: AmendReply,
  });
  context.tell(reply);
  context.say([
    reply.changes.length === 0 ? `${id}: nothing changes` : `${id}: amended`,
    ...reply.changes.map((change) => `  ${change}`),
  ]);
}
