import type { CallerReply } from '../../../server/api/access.ts';
import { post } from '../api/client.ts';
import { keepActing } from './session.ts';

/** Redeems the code of a link that `tidegate console` has printed. It stands behind the #, which no log sees. */
export async function enterWithLink(): Promise<CallerReply | null> {
  if (location.pathname !== '/enter') return null;
  const sent = new URLSearchParams(location.hash.slice(1));
  const code = sent.get('code');
  history.replaceState(null, '', '/');
  if (code === null) return null;
  const caller = await post<CallerReply>('/session', { code });
  const by = sent.get('as');
  const roles = sent.getAll('role');
  if (caller.mayActFor && by !== null) keepActing({ by, ...(roles.length === 0 ? {} : { roles }) });
  return caller;
}
