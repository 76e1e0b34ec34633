import { describe, expect, test } from 'vitest';
import { slicedRollout } from './slice-traffic.fixture.ts';

const equal = { rate: 200, watched: true, extra: 0, where: 'all' as const, noise: 0.3, from: 0 };
const worse = { ...equal, slices: [0.03], where: 'first' as const, from: 1 };

const many = (runs: number, one: (seed: number) => ReturnType<typeof slicedRollout>) =>
  Array.from({ length: runs }, (_, seed) => one(seed)).flatMap((stop) => stop ?? []);

describe('simulated rollouts with slices', () => {
  test('of an equal canary are never stopped, in however many slices it is looked at', {
    timeout: 120_000,
  }, () => {
    expect(many(50, (seed) => slicedRollout({ ...equal, slices: [0.03], seed }))).toEqual([]);
    expect(many(50, (seed) => slicedRollout({ ...equal, slices: [0.03, 0.1, 0.2], seed }))).toEqual([]);
  });

  test('find a regression that only 3 % of the traffic has, and name it; else nothing is found', {
    timeout: 60_000,
  }, () => {
    const runs = 15;
    const stops = many(runs, (seed) => slicedRollout({ ...worse, extra: 0.1, seed: 100 + seed }));
    expect(stops.length).toBe(runs);
    for (const { slice, t, verdict, whole } of stops) {
      expect({ slice, verdict }).toEqual({ slice: 'tier=t0', verdict: 'hard' });
      expect(t).toBeLessThan(1200);
      // The whole is quiet: by itself it would not have stopped.
      expect(whole).toBeLessThan(Math.log(100));
    }
    const blind = { ...worse, watched: false, extra: 0.05 };
    expect(many(runs, (seed) => slicedRollout({ ...blind, seed: 100 + seed }))).toEqual([]);
  });

  test('find what all traffic has as well, little later', { timeout: 60_000 }, () => {
    const median = (watched: boolean) => {
      const all = { ...worse, where: 'all' as const, extra: 0.01, watched };
      const times = many(15, (seed) => slicedRollout({ ...all, seed: 200 + seed })).map(({ t }) => t);
      expect(times.length).toBe(15);
      return times.sort((a, b) => a - b)[7] ?? 0;
    };
    expect(median(true)).toBeLessThanOrEqual(1.25 * median(false));
  });
});
