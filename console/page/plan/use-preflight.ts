import { useEffect, useState } from 'react';
import type { PreflightReply } from '../../../server/api/preflights.ts';
import { get, post, Refused } from '../api/client.ts';
import type { Draft } from './use-check.ts';

const LOOK_MS = 400;

export interface Preflight {
  /** Null: none was asked for. */
  reply: PreflightReply | null;
  trouble: Refused | null;
  /** The text that it is of. */
  of: string;
  /** Asked for, and not yet over. */
  running: boolean;
  begin(draft: Draft): void;
}

/** A preflight that the server carries out in the background; its progress is asked for until it is over. */
export function usePreflight(): Preflight {
  const [state, setState] = useState<Pick<Preflight, 'reply' | 'trouble' | 'of'> & { asked: boolean }>({
    reply: null,
    trouble: null,
    of: '',
    asked: false,
  });
  const { reply, asked } = state;
  const id = reply?.state === 'running' ? reply.id : null;
  const seen = reply?.done ?? 0;
  const [looks, setLooks] = useState(0);
  const failed = (error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    setState((now) => ({ ...now, reply: null, trouble: error, asked: false }));
  };
  useEffect(() => {
    if (id === null) return;
    let gone = false;
    const timer = setTimeout(() => {
      get<PreflightReply>(`/plans/preflights/${encodeURIComponent(id)}`).then(
        (next) => {
          if (gone) return;
          setState((now) => ({ ...now, reply: next, asked: false }));
          setLooks((count) => count + 1);
        },
        (error: unknown) => {
          if (!gone) failed(error);
        },
      );
    }, LOOK_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [id, seen, looks]);

  return {
    ...state,
    running: asked || id !== null,
    begin: ({ text, file }) => {
      setState({ reply: null, trouble: null, of: text, asked: true });
      post<PreflightReply>('/plans/preflights', { text, file }).then(
        (begun) => setState((now) => ({ ...now, reply: begun, asked: false })),
        failed,
      );
    },
  };
}
