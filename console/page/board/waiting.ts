import { mustAct } from '../../../plans/board-words.ts';
import type { BoardRow } from '../../../server/api/console-board.ts';
import { nameOf, type Session } from '../session/session.ts';

/** What this rollout waits for from the person who looks at it; null: from somebody else, or from nobody. */
export function askedOfMe(row: BoardRow, session: Session): string | null {
  if (row.endedAt !== null || row.phase === 'reverting') return null;
  const { may } = row.powers;
  const roles = session.caller.mayActFor ? (session.acting.roles ?? []) : row.powers.roles;
  const own = row.submittedBy === nameOf(session);
  const asked = row.blockers.find((blocker) => blocker.roles.some((role) => roles.includes(role)));
  if (asked !== undefined && may.includes('approve') && !own) {
    const as = asked.roles.filter((role) => roles.includes(role));
    return `${asked.kind === 'confirmation' ? 'confirm' : 'approve'} as ${as.join(', ')}`;
  }
  if (row.pause === null) return null;
  if (may.includes('operate')) return 'decide: go on, or roll back';
  return row.gate?.verdict === 'soft' && may.includes('approve') && !own
    ? 'accept the difference, or not'
    : null;
}

/** Who must act, in words. */
export function whoMustAct(row: BoardRow, session: Session): string {
  const me = askedOfMe(row, session);
  return me === null ? mustAct(row) : `You: ${me}`;
}

export function waitingForMe(rows: readonly BoardRow[], session: Session): BoardRow[] {
  return rows.filter((row) => askedOfMe(row, session) !== null);
}
