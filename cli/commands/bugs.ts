import { BugReply } from '../../server/api/bugs.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';

export interface BugOptions {
  title: string;
  severity: string;
  url?: string;
}

/** Tells a rollout of a bug; its plan says what follows. */
export async function reportBug(context: Context, reference: string, options: BugOptions): Promise<void> {
  const api = new ApiClient(context);
  const { title, severity, url } = options;
  const id = await rolloutId(api, reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/bugs`, {
    body: { ...(await context.named()), title, severity, ...(url === undefined ? {} : { url }) },
    reply: BugReply,
  });
  context.tell(reply);
  context.say([`${id} was told of the bug: ${title}`, `tidegate status ${id}`]);
}
