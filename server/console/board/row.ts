import type { GateMark } from '../../../store/console-board.ts';
import type { SharedRow } from '../../api/board-row.ts';

/** What the gate of an earlier stage saw would be taken for this one's. */
export function withGate(row: SharedRow, mark: GateMark | undefined): SharedRow {
  if (mark === undefined || mark.stage !== row.stage || row.endedAt !== null) return { ...row, gate: null };
  const { at, verdict, lnE, threshold, metric } = mark;
  return { ...row, gate: { at, verdict, lnE, threshold, metric } };
}
