import { mustAct } from '../../../plans/board-words.ts';
import type { BoardRow } from '../../../server/api/console-board.ts';

/** Of a session: who looks, and in whose name. */
export interface Asker {
  caller: { name: string; mayActFor: boolean };
  acting: { by?: string; roles?: readonly string[] };
}

const VERBS: Partial<Record<BoardRow['blockers'][number]['kind'], string>> = {
  confirmation: 'confirm',
  'point-of-no-return': 'confirm',
  split: 'accept the traffic split',
};

/** What this rollout waits for from the person who looks at it; null: from somebody else, or from nobody. */
export function askedOfMe(row: BoardRow, session: Asker): string | null {
  if (row.endedAt !== null || row.phase === 'reverting') return null;
  const { may } = row.powers;
  const roles = session.caller.mayActFor ? (session.acting.roles ?? []) : row.powers.roles;
  const own = row.submittedBy === (session.acting.by ?? session.caller.name);
  const asked = row.blockers.find((blocker) => blocker.roles.some((role) => roles.includes(role)));
  if (asked !== undefined && may.includes('approve') && !own) {
    const as = asked.roles.filter((role) => roles.includes(role));
    return `${VERBS[asked.kind] ?? 'approve'} as ${as.join(', ')}`;
  }
  // Where the plan names no roles, any approver may.
  const split = row.blockers.some(({ kind, roles: of }) => kind === 'split' && of.length === 0);
  if (split && may.includes('approve') && !own) return 'accept the traffic split, or not';
  if (row.pause === null) return null;
  if (may.includes('operate')) return 'decide: go on, or roll back';
  return row.gate?.verdict === 'soft' && may.includes('approve') && !own
    ? 'accept the difference, or not'
    : null;
}

/** Who must act, in words. */
export function whoMustAct(row: BoardRow, session: Asker): string {
  const me = askedOfMe(row, session);
  return me === null ? mustAct(row) : `You: ${me}`;
}

export function waitingForMe(rows: readonly BoardRow[], session: Asker): BoardRow[] {
  return rows.filter((row) => askedOfMe(row, session) !== null);
}
