import { describe, expect, test } from 'vitest';
import type { Sample } from '../plans/sample.ts';
import { measuredDispersion } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { grossOver, isGross, OUTRIGHT } from './gross.ts';
import { STAGES, samples, single } from './instances.fixture.ts';
import { score } from './kernel.ts';
import { Stretches } from './stretches.ts';
import { planOf, reading } from './traffic.fixture.ts';

const plan = planOf({ stages: STAGES });
/** Strong noise that lasts for minutes: by it alone no canary is ever bad enough. */
const LASTS = Array.from({ length: 9 }, (_, k) => 0.3 * 1.7 ** k);

/** Polls from the onset to the stop; null: there was none. */
function stopAfter(all: readonly Sample[], onset: number, knots: readonly number[] = LASTS): number | null {
  const context = { stageIndex: 0, brief: true, dispersion: { errors: knots } };
  let evidence = openEvidence(plan);
  for (const [i, sample] of all.entries()) {
    evidence = observe(evidence, plan, reading(sample), context);
    const { verdict, lnE, threshold } = assess(evidence, plan, context);
    if (verdict !== 'soft' && verdict !== 'hard') continue;
    expect([verdict, lnE >= threshold]).toEqual(['hard', true]);
    return i + 1 - onset;
  }
  return null;
}

const untold = ({ instances: _instances, canaryHalves: _halves, ...others }: Sample): Sample => others;
const failing = (extra: number, seed: number) =>
  samples({ seed, noise: 0.1, extra: [extra, extra], from: 140, polls: 220 });

describe('a canary that is many times as bad as any noise makes it', () => {
  test.each([
    ['whatever is known of instances', untold],
    ['where its only instance cannot be measured', single],
  ])('is stopped within three polls, %s', (_, told) => {
    for (const extra of [0.5, 1])
      for (const seed of [1, 2, 3, 4, 5])
        expect(stopAfter(failing(extra, seed).map(told), 140) ?? 99).toBeLessThanOrEqual(3);
  });

  test('is stopped no later the worse it is', () => {
    for (const seed of [11, 12, 13]) {
      const times = [0.05, 0.1, 0.2, 0.5, 1].map(
        (extra) => stopAfter(failing(extra, seed).map(untold), 140) ?? 999,
      );
      expect(times.toSorted((a, b) => b - a)).toEqual(times);
    }
  });

  test('is not stopped for less, nor by an event or two of few requests', () => {
    // Eight times as bad in such noise is none of what it is about.
    expect(stopAfter(failing(0.035, 21).map(untold), 140)).toBeNull();
    const rare = samples({ seed: 22, noise: 0, percent: 1, polls: 240 }).map((one, i) => ({
      ...untold(one),
      stage: '25%',
      baseline: { requests: 150, ratios: { errors: { events: 0, total: 150 } }, histograms: {} },
      canary: { requests: 2, ratios: { errors: { events: i === 7 ? 2 : 0, total: 2 } }, histograms: {} },
    }));
    expect(stopAfter(rare, 0)).toBeNull();
  });
});

describe('how many times as bad', () => {
  test('is less the longer it is, and no less after half an hour', () => {
    expect([15, 30, 60, 120, 240, 480, 960].map((seconds) => Math.round(grossOver(seconds)))).toEqual([
      34, 26, 20, 15, 12, 10, 8,
    ]);
    expect(grossOver(3600)).toBe(grossOver(1800));
  });

  const of = (
    canary: number,
    baseline: number,
    more: { share?: number; margin?: number; times?: number } = {},
  ) => {
    const { share = 0.25, margin = 0.001, times = 1 } = more;
    const [Nc, Nb] = [10_000 * share, 10_000 * (1 - share)];
    const poll = {
      canaryEvents: canary * Nc,
      canaryTotal: Nc,
      baselineEvents: baseline * Nb,
      baselineTotal: Nb,
    };
    const { y, V, Q } = score(poll, margin);
    const stretches = new Stretches();
    stretches.add({ S: y, V, Q, plainS: score(poll, 0).y, nH: (Nc * Nb) / 10_000, c: 1 - share });
    return isGross(stretches, { age: 8, poll: 15, dispersion: measuredDispersion([0.01]), times });
  };

  test('is by the rates of the cohorts, whatever the margin and the share, less a standard error', () => {
    for (const share of [0.05, 0.25, 0.5])
      for (const margin of [0.0001, 0.001, 0.02]) {
        expect([share, margin, of(0.12, 0.01, { share, margin })]).toEqual([share, margin, false]);
        expect([share, margin, of(0.18, 0.01, { share, margin })]).toEqual([share, margin, true]);
        expect(of(0.18, 0.01, { share, margin, times: OUTRIGHT })).toBe(false);
      }
  });

  test('is by odds: what is frequent cannot become many times as frequent', () => {
    for (const baseline of [0.03, 0.08]) {
      expect(of(0.995, baseline, { share: 0.05, times: OUTRIGHT })).toBe(true);
      expect(of(8 * baseline, baseline, { times: OUTRIGHT })).toBe(false);
    }
  });

  test('is of a rate with one event more: nothing is any number of times none', () => {
    expect(of(0.0008, 0, { share: 0.25 })).toBe(false);
    expect(of(0.04, 0, { share: 0.25 })).toBe(true);
  });
});
