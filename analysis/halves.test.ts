import { describe, expect, test } from 'vitest';
import { measureDispersion } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { addHalves, knotsOf, NO_HALVES } from './halves.ts';
import type { PollCounts } from './kernel.ts';
import { errorsPoll, planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

/** Two halves whose rates wander apart and back: `persistence` from one poll to the next. */
function polls(
  n: number,
  of: { seed: number; noise: number; persistence: number; day?: number },
): PollCounts[] {
  const random = randomOf(of.seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const wander = { one: 0, two: 0 };
  return Array.from({ length: n }, (_, i) => {
    const traffic = 1500 * (1 + (of.day ?? 0) * Math.sin((2 * Math.PI * i) / 5760));
    const rate = (half: 'one' | 'two') => {
      wander[half] = of.persistence * wander[half] + Math.sqrt(1 - of.persistence ** 2) * of.noise * gauss();
      return 0.005 * Math.exp(wander[half]);
    };
    return {
      canaryEvents: poisson(random, traffic * rate('one')),
      canaryTotal: Math.round(traffic),
      baselineEvents: poisson(random, traffic * rate('two')),
      baselineTotal: Math.round(traffic),
    };
  });
}

const streamed = (all: readonly PollCounts[]) => all.reduce(addHalves, NO_HALVES);

describe('the halves of a rollout', () => {
  test.each([
    { seed: 1, noise: 0, persistence: 0 },
    { seed: 2, noise: 0.3, persistence: 0 },
    { seed: 3, noise: 0.3, persistence: 0.95 },
    { seed: 4, noise: 0.6, persistence: 0.8, day: 0.5 },
  ])('give the curve that all polls together give: %o', (of) => {
    const all = polls(3000, of);
    const whole = measureDispersion(all) ?? [];
    const sums = knotsOf(streamed(all)) ?? [];
    expect(sums).toHaveLength(whole.length);
    expect(whole).toHaveLength(9);
    // A block's weight is that of its group: the curve is off by less than the hundredth part of itself.
    for (const [i, knot] of whole.entries())
      expect(Math.abs((sums[i] ?? 0) - knot)).toBeLessThan(0.01 * knot + 5e-4);
  });

  test('measure nothing before there are eight polls with events', () => {
    const all = polls(8, { seed: 5, noise: 0, persistence: 0 });
    expect(knotsOf(streamed(all.slice(0, 7)))).toBeNull();
    expect(knotsOf(streamed(all))).toHaveLength(1);
    const silent = all.map((poll) => ({ ...poll, canaryEvents: 0, baselineEvents: 0 }));
    expect(knotsOf(streamed([...silent, ...all.slice(0, 7)]))).toBeNull();
  });

  test('stay small however long the rollout is', () => {
    const day = JSON.stringify(streamed(polls(5760, { seed: 6, noise: 0.3, persistence: 0.9, day: 0.5 })));
    const week = JSON.stringify(streamed(polls(40_320, { seed: 6, noise: 0.3, persistence: 0.9, day: 0.5 })));
    expect(week.length).toBeLessThan(1.3 * day.length);
    expect(week.length).toBeLessThan(8_000);
  });
});

describe('a gate with halves', () => {
  const plan = planOf();
  /** Seconds until the stop at 5 %; null: none within the hour. `noise`: of the second instance alone. */
  function stop(of: { halves: boolean; extra: number; noise: number; seed: number }): number | null {
    const random = randomOf(of.seed);
    let evidence = openEvidence(plan);
    for (let i = 0; i < 240; i++) {
      const t = (i + 1) * 15;
      const sample = errorsPoll(random, {
        stage: '5%',
        t,
        requests: 3000,
        share: 0.05,
        baseline: 0.005,
        canary: 0.005 + of.extra,
      });
      const { events, total } = sample.baseline.ratios['errors'] ?? { events: 0, total: 0 };
      const share = 0.5 + of.noise * (random() - 0.5);
      const half = (part: number) => ({
        requests: total * 0.5,
        ratios: { errors: { events: Math.round(events * part), total: total * 0.5 } },
        histograms: {},
      });
      const halves = of.halves ? { halves: [half(share), half(1 - share)] as const } : {};
      const context = { stageIndex: 1, brief: true };
      evidence = observe(evidence, plan, reading({ ...sample, ...halves }), context);
      const { verdict, warnings } = assess(evidence, plan, context);
      const assumed = warnings.some((text) => text.includes('assumed'));
      if (!of.halves || i < 7) expect(assumed).toBe(true);
      else if (i > 60) expect(assumed).toBe(false);
      if (verdict === 'soft' || verdict === 'hard') return t;
    }
    return null;
  }

  test('finds a regression sooner when its instances are alike than under the assumed noise', () => {
    const seconds = (halves: boolean) =>
      Array.from({ length: 20 }, (_, seed) => stop({ halves, extra: 0.01, noise: 0, seed }) ?? 3600).reduce(
        (sum, t) => sum + t,
        0,
      );
    expect(seconds(true)).toBeLessThan(0.9 * seconds(false));
  });

  test('waits longer when they are not', () => {
    const seconds = (noise: number) =>
      Array.from(
        { length: 20 },
        (_, seed) => stop({ halves: true, extra: 0.005, noise, seed }) ?? 3600,
      ).reduce((sum, t) => sum + t, 0);
    expect(seconds(0.9)).toBeGreaterThan(1.3 * seconds(0));
  });

  test('of which few polls say nothing stays with the assumption', () => {
    const few = polls(20, { seed: 7, noise: 0, persistence: 0 }).map((poll) => ({
      ...poll,
      canaryEvents: poll.canaryEvents % 2,
      baselineEvents: poll.baselineEvents % 2,
    }));
    expect(knotsOf(streamed(few))).not.toBeNull();
    expect(knotsOf(streamed(few), 0.3)).toBeNull();
    // Noise that is really there is told apart from that of counting.
    const noisy = polls(200, { seed: 8, noise: 0.8, persistence: 0.9 });
    expect(knotsOf(streamed(noisy), 0.05)?.slice(0, 5)).toEqual(knotsOf(streamed(noisy))?.slice(0, 5));
  });
});
