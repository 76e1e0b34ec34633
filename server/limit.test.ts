import { expect, test } from 'vitest';
import { createLimit } from './limit.ts';

test('each caller has its own allowance, which fills again', () => {
  let now = 0;
  const limit = createLimit(2, () => now);
  expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([0, 0, 1, 0]);
  now = 500;
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 1]);
  now = 60_000;
  expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 1]);
});

test('less than one a second says how long to wait', () => {
  const limit = createLimit(0.1, () => 0);
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 10]);
});

test('many callers are forgotten and not gathered', () => {
  let now = 0;
  const limit = createLimit(1, () => now);
  for (let caller = 0; caller < 25_000; caller += 1) limit.take(String(caller));
  now = 1;
  expect(limit.take('24999')).toBe(1);
});

test('without a limit nobody waits', () => {
  const limit = createLimit(null, () => 0);
  expect(Array.from({ length: 100 }, () => limit.take('a'))).toEqual(Array.from({ length: 100 }, () => 0));
});
