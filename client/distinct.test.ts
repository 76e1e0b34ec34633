import { describe, expect, it } from 'vitest';
import { DistinctCounter, EXACT_USERS } from './distinct.ts';

function counted(users: number, name: (i: number) => string): number {
  const counter = new DistinctCounter();
  for (let round = 0; round < 2; round++) for (let i = 0; i < users; i++) counter.add(name(i));
  return counter.size;
}

describe('DistinctCounter', () => {
  it.each([0, 1, 80, 1_000, EXACT_USERS])('counts %i users exactly, however often they come', (users) => {
    expect(counted(users, (i) => `user-${i}`)).toBe(users);
  });

  it.each([
    ['just beyond the exact count', EXACT_USERS + 1, (i: number) => `user-${i}`],
    ['10,000 numbers', 10_000, String],
    // Where the estimators of the first HyperLogLog change over and err most.
    ['45,000 mail addresses', 45_000, (i: number) => `user${i}@mail.test`],
    ['80,000 long keys', 80_000, (i: number) => `0b7c${i.toString(16).padStart(28, '0')}`],
    ['400,000', 400_000, (i: number) => `Ω-${i}`],
  ])('estimates %s within 2.5 %%', (_, users, name) => {
    expect(Math.abs(counted(users, name) / users - 1)).toBeLessThan(0.025);
  });

  it('begins anew when told to', () => {
    const counter = new DistinctCounter();
    for (let i = 0; i < 2 * EXACT_USERS; i++) counter.add(`user-${i}`);
    counter.clear();
    counter.add('ada');
    expect(counter.size).toBe(1);
  });
});
