import { expect, it } from 'vitest';
import { inTurn } from './in-turn.ts';

it('comes to each of them, and fails with the first that failed', async () => {
  const seen: number[] = [];
  const work = async (one: number) => {
    seen.push(one);
    if (one % 2 === 0) throw new Error(`${one} is even`);
  };
  await expect(inTurn([1, 2, 3, 4, 5], work)).rejects.toThrow('2 is even');
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  await expect(inTurn([1, 3], work)).resolves.toBeUndefined();
});
