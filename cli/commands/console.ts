import { CodeReply } from '../../server/api/access.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';

/** A link for one login, in the name of whoever asked. */
export async function openConsole(context: Context): Promise<void> {
  const { code, expiresAt } = await new ApiClient(context).post('/session/codes', {}, CodeReply);
  const { by, roles = [] } = await context.named();
  const said = new URLSearchParams({ code });
  if (by !== undefined) said.append('as', by);
  for (const role of roles) said.append('role', role);
  // Behind the #, so that no log and no proxy sees it.
  const link = `${context.server}/enter#${said.toString()}`;
  context.tell({ link, expiresAt });
  context.say([link, 'it logs one browser in, within ten minutes']);
}
