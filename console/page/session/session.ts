import { createContext, useContext } from 'react';
import type { CallerReply } from '../../../server/api/access.ts';
import type { Acting } from '../api/client.ts';

/** Who is logged in, and for whom somebody who may act for others acts now. */
export interface Session {
  caller: CallerReply;
  acting: Acting;
  actAs(acting: Acting): void;
  /** Asks the server who is logged in; false when nobody is any more. */
  check(): Promise<boolean>;
  leave(): Promise<void>;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('used outside of a session');
  return session;
}

/** In whose name things are done here. */
export function nameOf({ caller, acting }: Session): string {
  return acting.by ?? caller.name;
}

/** Whether there is any place where the person may submit plans; the server says where. */
export function maySubmitSomewhere({ caller }: Session): boolean {
  return caller.grants.some((grant) => /^(submitter|admin)\b/.test(grant));
}

const KEPT = 'tidegate:acting';

export function keptActing(): Acting {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Acting;
    return {
      ...(typeof kept.by === 'string' && kept.by !== '' ? { by: kept.by } : {}),
      ...(Array.isArray(kept.roles) ? { roles: kept.roles } : {}),
    };
  } catch {
    return {};
  }
}

export function keepActing(acting: Acting): void {
  localStorage.setItem(KEPT, JSON.stringify(acting));
}
