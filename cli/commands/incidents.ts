import { IncidentReply, ReviewReply } from '../../server/api/incidents.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { printable } from '../render/ink.ts';

async function pathOf(api: ApiClient, reference: string): Promise<string> {
  return `/rollouts/${encodeURIComponent(await rolloutId(api, reference))}/incident`;
}

/** How the incident of a rollout stands. */
export async function showIncident(context: Context, reference: string): Promise<void> {
  const api = new ApiClient(context);
  say(context, await api.get(await pathOf(api, reference), IncidentReply));
}

/** A person says that it is over. */
export async function closeIncident(
  context: Context,
  reference: string,
  { reason }: { reason: string },
): Promise<void> {
  const api = new ApiClient(context);
  const reply = await api.change(`${await pathOf(api, reference)}/close`, {
    body: { ...(await context.named()), reason },
    reply: IncidentReply,
  });
  say(context, reply);
}

/** The draft of a review, as Markdown. */
export async function reviewIncident(context: Context, reference: string): Promise<void> {
  const api = new ApiClient(context);
  const reply = await api.get(`${await pathOf(api, reference)}/review`, ReviewReply);
  context.tell(reply);
  context.say(printable(reply.review.trimEnd().split('\n')));
}

function say(context: Context, reply: IncidentReply): void {
  const { id, closedAt, summary, lines } = reply;
  const state = closedAt === null ? 'open' : 'closed';
  context.tell(reply);
  context.say(printable([`Incident of ${id}: ${state}. ${summary}`, ...lines.map((line) => `  ${line}`)]));
}
