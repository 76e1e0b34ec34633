import type { BoardRow } from '../../../server/api/console-board.ts';
import { asksPerson } from '../standing.ts';

export const FILTERS = [
  { name: 'all', text: 'All' },
  { name: 'asking', text: 'Need a person' },
  { name: 'running', text: 'Running' },
  { name: 'over', text: 'Over' },
] as const;
export type Filter = (typeof FILTERS)[number]['name'];

export function belongs(row: BoardRow, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'asking':
      return needsPerson(row);
    case 'running':
      return row.endedAt === null;
    case 'over':
      return row.endedAt !== null;
  }
}

export function needsPerson(row: BoardRow): boolean {
  return row.endedAt === null && (row.pause !== null || asksPerson(row.blockers));
}

export function matches(row: BoardRow, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  const fields = [row.id, row.title, row.flag, row.environment, row.owner, row.service];
  return fields.some((field) => field?.toLowerCase().includes(wanted));
}

/** Who waits for a person first, then what goes back, what runs, what is over; the newest first in each. */
export function byUrgency(a: BoardRow, b: BoardRow): number {
  return urgency(a) - urgency(b) || newest(b) - newest(a) || a.id.localeCompare(b.id);
}

function urgency(row: BoardRow): number {
  if (row.endedAt !== null) return 4;
  if (row.pause !== null) return 0;
  if (asksPerson(row.blockers)) return 1;
  return row.phase === 'reverting' ? 2 : 3;
}

function newest({ endedAt, submittedAt }: BoardRow): number {
  return endedAt ?? submittedAt;
}
