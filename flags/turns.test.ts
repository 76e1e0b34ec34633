import { expect, test } from 'vitest';
import { turnsOf } from './turns.ts';

const clock = { var: '$flagd.timestamp' };
const turns = (targeting: unknown) => turnsOf(JSON.stringify({ flags: { a: { targeting } } }));

test('a document without the clock never changes by itself', () => {
  expect(turns({ fractional: [['on', 1]] })).toEqual([]);
});

test('each comparison of the clock with a number is a turn, wherever it stands', () => {
  expect(
    turns({ if: [{ '<': [clock, 50] }, 'on', { if: [{ '<=': [10, clock, 20.5] }, 'on', 'off'] }] }),
  ).toEqual([10, 11, 21, 50, 51]);
  expect(turns({ '>': [{ var: ['$flagd.timestamp'] }, 7] })).toEqual([7, 8]);
});

test('any other use of the clock may change at any moment', () => {
  expect(turns({ '%': [clock, 60] })).toBeNull();
  expect(turns({ '<': [clock, { var: 'until' }] })).toBeNull();
  expect(turns({ '<': [{ '-': [clock, 5] }, 10] })).toBeNull();
});
