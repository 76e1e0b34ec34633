import { useEffect, useRef, useState } from 'react';
import type { BoardEvent, BoardRow } from '../../../server/api/console-board.ts';
import { type Line, listen } from '../api/event-source.ts';
import { heardServerTime } from '../clock.ts';
import { useSession } from '../session/session.ts';

export interface BoardState {
  /** Null until the first are here. */
  rows: readonly BoardRow[] | null;
  line: Line;
}

/** All rollouts, as they change. */
export function useBoard(): BoardState {
  const session = useSession();
  const check = useRef(session.check);
  check.current = session.check;
  const [state, setState] = useState<BoardState>({ rows: null, line: 'opening' });
  useEffect(() => {
    let known = new Map<string, BoardRow>();
    let fresh = true;
    let filling: Map<string, BoardRow> | null = null;
    return listen({
      path: '/board',
      line: (line) => setState((before) => (before.line === line ? before : { ...before, line })),
      opened: () => {
        fresh = true;
      },
      on: {
        rows: (data) => {
          const { rows, gone, complete, now } = data as BoardEvent;
          heardServerTime(now);
          // After a new connection everything comes again, and what is missing from it has gone.
          if (fresh) filling = new Map();
          fresh = false;
          const target: Map<string, BoardRow> = filling ?? known;
          for (const row of rows) target.set(row.id, row);
          for (const id of gone) target.delete(id);
          if (filling !== null && (complete || known.size === 0)) known = filling;
          if (complete) filling = null;
          setState((before) => ({ ...before, rows: [...known.values()] }));
        },
        problem: () => setState((before) => ({ ...before, line: 'lost' })),
      },
      broken: () => check.current(),
    });
  }, []);
  return state;
}
