import { useEffect, useRef, useState } from 'react';
import { isOver } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { Powers } from '../../../server/api/console-board.ts';
import type { LiveEvent, StatusReply } from '../../../server/api.ts';
import { get, Refused } from '../api/client.ts';
import { listen } from '../api/event-source.ts';
import { useSession } from '../session/session.ts';

export interface Watched extends LiveEvent {
  powers: Powers;
  notifications: StatusReply['notifications'];
}

export type RolloutState =
  | { kind: 'loading' }
  | { kind: 'refused'; trouble: Refused }
  | { kind: 'here'; watched: Watched };

/** One rollout, as it changes. `saw` shows at once what an action has answered. */
export function useRollout(id: string): { state: RolloutState; saw(view: RolloutView): void } {
  const session = useSession();
  const check = useRef(session.check);
  check.current = session.check;
  const [state, setState] = useState<RolloutState>({ kind: 'loading' });

  function take(event: LiveEvent): void {
    setState((before) =>
      before.kind !== 'here' || event.view.seq < before.watched.view.seq
        ? before
        : { kind: 'here', watched: { ...before.watched, ...event } },
    );
  }

  useEffect(() => {
    const path = `/rollouts/${encodeURIComponent(id)}`;
    const gone = new AbortController();
    let stop = () => undefined as void;
    let over = false;
    Promise.all([get<StatusReply>(path, gone.signal), get<Powers>(`${path}/powers`, gone.signal)]).then(
      ([status, powers]) => {
        if (gone.signal.aborted) return;
        setState({ kind: 'here', watched: { ...status, powers } });
        if (isOver(status.view)) return;
        stop = listen({
          path: `${path}/events`,
          line: () => undefined,
          on: {
            change: (data) => {
              const event = data as LiveEvent;
              over = isOver(event.view);
              take(event);
            },
          },
          // The stream of a rollout ends with it.
          broken: async () => !over && check.current(),
        });
      },
      (error: unknown) => {
        if (gone.signal.aborted || !(error instanceof Refused)) return;
        setState({ kind: 'refused', trouble: error });
        if (error.status === 401) void check.current();
      },
    );
    return () => {
      gone.abort();
      stop();
    };
  }, [id]);

  return {
    state,
    saw: (view) =>
      setState((before) =>
        before.kind === 'here' && view.seq >= before.watched.view.seq
          ? { kind: 'here', watched: { ...before.watched, view } }
          : before,
      ),
  };
}
