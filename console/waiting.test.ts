import { expect, it } from 'vitest';
import { mustAct } from '../plans/board-words.ts';
import type { BoardRow } from '../server/api/console-board.ts';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import { type Asker, askedOfMe } from './page/board/waiting.ts';

const session = (name: string): Asker => ({ caller: { name, mayActFor: false }, acting: {} });
function row(
  roles: string[],
  mine: string[],
  may: BoardRow['powers']['may'] = ['read', 'approve'],
): BoardRow {
  const { blockers: _, ...view } = exampleView({ submittedBy: 'ada' });
  const split = { kind: 'split' as const, text: 'uneven', until: null, roles };
  return {
    ...view,
    blockers: [split],
    gate: null,
    stop: null,
    powers: { may, roles: mine },
  } as unknown as BoardRow;
}

it('a traffic split that holds a gate waits for whoever may accept it, and not for who handed it in', () => {
  expect(askedOfMe(row(['lead'], ['lead']), session('kim'))).toBe('accept the traffic split as lead');
  expect(askedOfMe(row(['lead'], ['dba']), session('kim'))).toBe(null);
  expect(askedOfMe(row([], ['dba']), session('kim'))).toBe('accept the traffic split, or not');
  expect(askedOfMe(row([], [], ['read']), session('kim'))).toBe(null);
  expect(askedOfMe(row([], ['dba']), session('ada'))).toBe(null);
  expect([mustAct(row(['lead'], [])), mustAct(row([], []))]).toEqual(['lead', 'an approver']);
});
