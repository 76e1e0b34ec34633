import { describe, expect, test } from 'vitest';
import { coupledPoisson, streamOf } from './random.ts';

const drawn = (mean: number, count = 4_000) => {
  const random = streamOf(5, 'counts');
  return Array.from({ length: count }, () => coupledPoisson(random, mean));
};
const meanOf = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;

describe('a coupled count', () => {
  test.each([0.3, 5, 120, 650, 700, 2_000, 30_000])('of mean %d has that mean and variance', (mean) => {
    const all = drawn(mean);
    expect(Math.abs(meanOf(all) - mean)).toBeLessThan(4 * Math.sqrt(mean / all.length));
    const variance = meanOf(all.map((one) => (one - mean) ** 2));
    expect(variance / mean).toBeGreaterThan(0.85);
    expect(variance / mean).toBeLessThan(1.15);
  });

  test('is never smaller of a larger mean', () => {
    const rising = [1, 600, 675, 677, 700, 2_000].map((mean) => drawn(mean, 500));
    for (const [i, larger] of rising.slice(1).entries())
      expect(larger.every((one, k) => one >= (rising[i]?.[k] ?? Number.POSITIVE_INFINITY))).toBe(true);
  });
});
