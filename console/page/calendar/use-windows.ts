import { useCallback, useEffect, useState } from 'react';
import type { WindowsReply } from '../../../server/api/board.ts';
import { get, Refused } from '../api/client.ts';
import { useSession } from '../session/session.ts';

const EVERY_MS = 30_000;

/** When rollouts may go up in the coming days; read again when `stamp` changes, and now and then, since time goes on. */
export function useWindows(
  days: number,
  stamp: string,
): { reply: WindowsReply | null; trouble: Refused | null } {
  const { check } = useSession();
  const [reply, setReply] = useState<WindowsReply | null>(null);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const read = useCallback(
    async (signal: AbortSignal) => {
      try {
        setReply(await get<WindowsReply>(`/windows?days=${days}`, signal));
        setTrouble(null);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Refused)) throw error;
        setTrouble(error);
        if (error.status === 401) await check();
      }
    },
    [days],
  );
  useEffect(() => {
    const gone = new AbortController();
    void read(gone.signal);
    const timer = setInterval(() => {
      if (!document.hidden) void read(gone.signal);
    }, EVERY_MS);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [read, stamp]);
  return { reply, trouble };
}
