import { useState } from 'react';
import type { BoardRow } from '../../../server/api/console-board.ts';
import { useNow } from '../clock.ts';
import type { Session } from '../session/session.ts';
import { BoardItem } from './board-item.tsx';

/** More would slow a phone down and nobody reads so far without a search. */
const PAGE = 50;

export function BoardList({
  rows,
  session,
  label,
}: {
  rows: readonly BoardRow[];
  session: Session;
  label: string;
}) {
  const [most, setMost] = useState(PAGE);
  const now = useNow();
  const shown = rows.slice(0, most);
  const left = rows.length - shown.length;
  return (
    <>
      <div className="board-titles" aria-hidden="true">
        <span>State</span>
        <span>Rollout</span>
        <span>Stage and who has it</span>
        <span>Health</span>
        <span>Age</span>
        <span>Next, and who must act</span>
      </div>
      <ul className="board" aria-label={label}>
        {shown.map((row) => (
          <BoardItem key={row.id} row={row} session={session} minute={Math.floor(now / 60_000)} now={now} />
        ))}
      </ul>
      {left > 0 && (
        <button type="button" className="more" onClick={() => setMost(most + PAGE)}>
          Show {Math.min(PAGE, left)} more of {left}
        </button>
      )}
    </>
  );
}
