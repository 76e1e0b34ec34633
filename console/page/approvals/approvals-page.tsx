import { BoardList } from '../board/board-list.tsx';
import { byUrgency } from '../board/order.ts';
import type { BoardState } from '../board/use-board.ts';
import { waitingForMe } from '../board/waiting.ts';
import { useSession } from '../session/session.ts';

/** What waits for the person who looks. */
export function ApprovalsPage({ board }: { board: BoardState }) {
  const session = useSession();
  const rows = waitingForMe(board.rows ?? [], session).sort(byUrgency);
  return (
    <>
      <title>For me · Tidegate</title>
      <div className="head">
        <h1>Waiting for me</h1>
      </div>
      {board.rows === null ? (
        <p className="empty">Loading …</p>
      ) : rows.length === 0 ? (
        <p className="empty">
          Nothing waits for you.
          {session.caller.mayActFor &&
            ' Say your name and your roles behind your name above to see approvals.'}
        </p>
      ) : (
        <BoardList rows={rows} session={session} label="Waiting for me" />
      )}
    </>
  );
}
