import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRotation } from './rotation.ts';

const MS_PER_ITEM = 2;
const ITEMS = Array.from({ length: 100 }, (_, n) => n);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function rotation() {
  const done: { item: number; at: number }[] = [];
  const began = performance.now();
  const made = createRotation<number>({
    work: (item) => void done.push({ item, at: performance.now() - began }),
    msPerItem: MS_PER_ITEM,
    all: () => ITEMS.length,
  });
  return { done, ...made };
}

/** Long enough that all items may be done at once. */
const quiet = () => void vi.advanceTimersByTime(ITEMS.length * MS_PER_ITEM);

it('does all at once after a quiet time, and no faster than its pace while wishes go on', () => {
  const { done, want } = rotation();
  quiet();
  want(ITEMS);
  vi.advanceTimersByTime(1);
  expect(done.map(({ item }) => item)).toEqual(ITEMS);
  const before = done.length;
  for (let turn = 0; turn < 100; turn += 1) {
    want(ITEMS);
    vi.advanceTimersByTime(10);
  }
  expect(done.length - before).toBeGreaterThan((0.8 * 1000) / MS_PER_ITEM);
  expect(done.length - before).toBeLessThanOrEqual(1000 / MS_PER_ITEM + 2);
});

it('leaves nobody out, however often all are wanted', () => {
  const { done, want } = rotation();
  quiet();
  for (let turn = 0; turn < 200; turn += 1) {
    want(ITEMS);
    vi.advanceTimersByTime(5);
  }
  const times = ITEMS.map((item) => done.filter((entry) => entry.item === item).length);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
  expect(Math.min(...times)).toBeGreaterThan(3);
});

it('does the work of a single item at once', () => {
  const done: number[] = [];
  const { want } = createRotation<number>({
    work: () => void done.push(performance.now()),
    msPerItem: 0.2,
    all: () => 1,
  });
  for (let turn = 1; turn <= 50; turn += 1) {
    vi.advanceTimersByTime(9.7);
    want([0]);
    vi.advanceTimersByTime(0);
    expect(done).toHaveLength(turn);
  }
});

it('does what is urgent now, with all that waits, and none of it twice', () => {
  const { done, want, rush } = rotation();
  quiet();
  want(ITEMS);
  vi.advanceTimersByTime(1);
  want(ITEMS);
  const waiting = 2 * ITEMS.length - done.length;
  expect(waiting).toBeGreaterThan(90);
  done.splice(0);
  rush(ITEMS.slice(50));
  expect(done).toHaveLength(waiting);
  expect(new Set(done.map(({ item }) => item)).size).toBe(waiting);
  quiet();
  expect(done).toHaveLength(waiting);
});

it('forgets whom it was told to drop, and everything once it is stopped', () => {
  const { done, want, drop, stop } = rotation();
  quiet();
  want(ITEMS);
  vi.advanceTimersByTime(1);
  done.splice(0);
  want(ITEMS);
  drop(99);
  vi.advanceTimersByTime(50);
  stop();
  const before = done.length;
  expect(before).toBeGreaterThan(0);
  quiet();
  expect(done).toHaveLength(before);
  expect(done.some(({ item }) => item === 99)).toBe(false);
});
