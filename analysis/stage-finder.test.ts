import { describe, expect, it } from 'vitest';
import type { CohortSample } from '../plans/sample.ts';
import { StageFinder } from './stage-finder.ts';
import { planOf, poisson, randomOf } from './traffic.fixture.ts';

const plan = planOf();

/** Stages that are found when the canary has these shares, so many windows each. */
function stages(
  shares: readonly (readonly [share: number, windows: number])[],
  requests: number,
): (string | null)[] {
  const random = randomOf(3);
  const finder = new StageFinder(plan);
  const cohort = (mean: number): CohortSample => ({
    requests: poisson(random, mean),
    ratios: {},
    histograms: {},
  });
  return shares.flatMap(([share, windows]) =>
    Array.from({ length: windows }, () =>
      finder.add({ canary: cohort(requests * share), baseline: cohort(requests * (1 - share)) }),
    ),
  );
}

describe('the stage of a recorded window', () => {
  it('follows the share of the requests within a few windows, up and back', () => {
    const found = stages(
      [
        [0, 10],
        [0.01, 10],
        [0.05, 10],
        [0.25, 10],
        [0.05, 10],
        [0, 10],
      ],
      3000,
    );
    expect(found.slice(0, 10)).toEqual(Array(10).fill(null));
    expect(found.slice(14, 20)).toEqual(Array(6).fill('1%'));
    expect(found.slice(24, 30)).toEqual(Array(6).fill('5%'));
    expect(found.slice(34, 40)).toEqual(Array(6).fill('25%'));
    expect(found.slice(44, 50)).toEqual(Array(6).fill('5%'));
    expect(found.slice(50)).toEqual(Array(10).fill(null));
  });

  it('is not lost where a canary of few requests has none in a window', () => {
    const found = stages([[0.01, 400]], 60);
    expect(new Set(found.slice(60))).toEqual(new Set(['1%']));
  });

  it('is none for a share far below the first stage, and without traffic', () => {
    expect(new Set(stages([[0.002, 50]], 3000))).toEqual(new Set([null]));
    expect(new Set(stages([[0, 50]], 0))).toEqual(new Set([null]));
  });
});
