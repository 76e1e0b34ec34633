import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPace } from './pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('works at once, gathers what comes soon after, and does what is urgent now', () => {
  const done: number[] = [];
  const pace = createPace(
    () => done.push(performance.now()),
    () => 100,
  );
  const began = performance.now();
  const times = () => done.map((at) => Math.round(at - began));
  pace.want();
  expect(times()).toEqual([0]);
  vi.advanceTimersByTime(10);
  pace.want();
  pace.want();
  expect(times()).toEqual([0]);
  vi.advanceTimersByTime(30);
  pace.want(true);
  expect(times()).toEqual([0, 40]);
  // What was waiting has gone out with it.
  vi.advanceTimersByTime(300);
  expect(times()).toEqual([0, 40]);
  pace.want();
  pace.want();
  vi.advanceTimersByTime(100);
  expect(times()).toEqual([0, 40, 340, 440]);
  pace.stop();
  pace.want(true);
  expect(done).toHaveLength(4);
});
