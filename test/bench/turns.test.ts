import { expect, it } from 'vitest';
import { inTurns, median, over } from './turns.ts';

it('takes all ways in each round, each first as often as the others', async () => {
  const order: string[] = [];
  const turns = await inTurns(
    { a: () => order.push('a'), b: () => order.push('b'), c: () => order.push('c') },
    { rounds: 3, calls: 1, warmUp: 0 },
  );
  expect(order).toEqual(['a', 'b', 'c', 'b', 'c', 'a', 'c', 'a', 'b']);
  expect([...turns].map(([name, { length }]) => [name, length])).toEqual([
    ['a', 3],
    ['b', 3],
    ['c', 3],
  ]);
});

it('waits for each call, goes through the users, and leaves out what warms up', async () => {
  const calls: number[] = [];
  const slow = async (call: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    calls.push(call);
  };
  const turns = await inTurns({ slow }, { rounds: 2, calls: 2, warmUp: 1, each: true });
  expect(calls).toEqual([0, 1, 0, 1, 2, 3]);
  expect(turns.get('slow')?.map(({ each }) => each.length)).toEqual([2, 2]);
});

it('compares turns with those beside them, so that a machine that slows down does not count', () => {
  const at = (...cpu: number[]) => cpu.map((one) => ({ cpu: one, each: [] }));
  expect(over(at(13, 23, 103), at(10, 20, 100))).toBe(3);
  expect(median([5, 1, 9])).toBe(5);
});
