import { afterEach, expect, test, vi } from 'vitest';
import type { BoardMark, BoardStore } from '../../../store/console-board.ts';
import type { Notice } from '../../../store/notices.ts';
import type { RolloutRow } from '../../../store/store.ts';
import { exampleView } from '../../../test/fixtures/rollout-view.ts';
import { createBoardWatch } from './watch.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A store of one rollout, and what the board says of it. */
async function boardOf() {
  let version = 1;
  let looks = 0;
  let hear: (notice: Notice) => void = () => undefined;
  let held: Promise<void> | null = null;
  const store: BoardStore = {
    async marks(): Promise<BoardMark[]> {
      looks += 1;
      const marks = [{ id: 'r-1', version: String(version) }];
      await held;
      return marks;
    },
    rows: async (ids) =>
      ids.map((id) => ({ id, view: exampleView({ id, next: `version ${version}` }) }) as RolloutRow),
    gates: async () => [],
  };
  const board = createBoardWatch({
    store,
    notices: { on: (told) => ((hear = told), () => undefined) },
    now: () => Date.now(),
  });
  const seen: string[] = [];
  const { stop } = await board.watch({
    changed: ({ rows }) => seen.push(...rows.map(({ next }) => next)),
    failed: () => undefined,
  });
  return {
    seen,
    stop,
    looks: () => looks,
    change: () => {
      version += 1;
    },
    notice: () => hear({ kind: 'step', rolloutId: 'r-1' }),
    /** The next look reads its marks and then waits for the returned function. */
    hold() {
      let go = () => undefined as void;
      held = new Promise((resolve) => {
        go = () => {
          held = null;
          resolve();
        };
      });
      return go;
    },
  };
}

test('a notice is followed by a look, and many of them by few', async () => {
  vi.useFakeTimers();
  const board = await boardOf();
  for (let i = 0; i < 50; i += 1) {
    board.change();
    board.notice();
  }
  await vi.advanceTimersByTimeAsync(450);
  expect(board.seen.at(-1)).toBe('version 51');
  expect(board.looks()).toBeLessThanOrEqual(3);
  board.stop();
});

test('what is told while somebody looks is looked at again', async () => {
  vi.useFakeTimers();
  const board = await boardOf();
  const go = board.hold();
  board.notice();
  await vi.advanceTimersByTimeAsync(10);
  expect(board.looks()).toBe(2);
  board.change();
  board.notice();
  await vi.advanceTimersByTimeAsync(10);
  go();
  await vi.advanceTimersByTimeAsync(400);
  expect(board.seen).toEqual(['version 2']);
  board.stop();
});

test('without a notice it looks now and then, and not at all without a board', async () => {
  vi.useFakeTimers();
  const board = await boardOf();
  board.change();
  await vi.advanceTimersByTimeAsync(2000);
  expect(board.seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(3500);
  expect(board.seen).toEqual(['version 2']);
  board.stop();
  const before = board.looks();
  board.notice();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(board.looks()).toBe(before);
});
