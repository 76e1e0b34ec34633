import { describe, expect, test } from 'vitest';
import type { InstanceCounts, Sample } from '../plans/sample.ts';
import type { CanaryHalves } from './canary-halves.ts';
import { addCanaryHalves, canarySizes, NO_CANARY_HALVES } from './canary-halves.ts';
import { betweenCohorts, crowdAfter, firmDispersion, instanceRatio, isNoisier } from './canary-noise.ts';
import { assumedDispersion, measuredDispersion } from './dispersion.ts';
import type { Evidence } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { many, STAGES, samples, single } from './instances.fixture.ts';
import { restoreEvidence } from './restored-evidence.ts';
import { latencyBuckets, planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

const plan = planOf({ stages: STAGES });
const AT = { stageIndex: 0, brief: true };

/** Polls until it stopped; null: never. */
function stopAfter(all: readonly Sample[]): number | null {
  let evidence = openEvidence(plan);
  for (const [i, sample] of all.entries()) {
    evidence = observe(evidence, plan, reading(sample), AT);
    const { verdict } = assess(evidence, plan, AT);
    if (verdict === 'soft' || verdict === 'hard') return i + 1;
  }
  return null;
}

function evidenceAfter(all: readonly Sample[]): Evidence {
  return all.reduce((evidence, sample) => observe(evidence, plan, reading(sample), AT), openEvidence(plan));
}

function canaryHalvesOf(all: readonly Sample[]): CanaryHalves {
  const errors = evidenceAfter(all).metrics['errors'];
  return errors?.kind === 'ratio' ? (errors.canaryHalves?.[0] ?? NO_CANARY_HALVES) : NO_CANARY_HALVES;
}

/** As a version before would have read it. */
const asBefore = ({ canaryHalves: _halves, instances: _instances, ...others }: Sample): Sample => others;

describe('a canary of two instances that are each much noisier than the ten of the baseline', () => {
  test('is not stopped for it, and was before its own halves were read', () => {
    const noisy = many(40, (seed) => samples({ seed: 300 + seed, noise: 0.8, lasting: 0.8 }));
    const stops = (all: Sample[][]) => all.filter((one) => stopAfter(one) !== null).length;
    expect(stops(noisy.map((all) => all.map(asBefore)))).toBeGreaterThanOrEqual(8);
    expect(stops(noisy)).toBeLessThanOrEqual(1);
  });

  test('is told, as a regression takes longer to find', () => {
    const warnings = (noise: number) => {
      const evidence = evidenceAfter(samples({ seed: 7, noise, lasting: 0.8 }));
      return assess(evidence, plan, AT).warnings.join('; ');
    };
    expect(warnings(0.8)).toContain("errors differs more between the canary's instances");
    expect(warnings(0.1)).not.toContain('instance');
  });

  test('is still stopped when all of them become worse', () => {
    const found = many(20, (seed) =>
      stopAfter(samples({ seed: 400 + seed, noise: 0.8, lasting: 0.8, extra: [0.05, 0.05], from: 120 })),
    );
    expect(
      found.filter((polls) => polls !== null && polls > 120 && polls < 200).length,
    ).toBeGreaterThanOrEqual(18);
  });
});

describe('a regression of one of two canary instances', () => {
  test('is no noise: it is found, from the first poll on or later', () => {
    for (const from of [0, 120]) {
      const found = many(20, (seed) =>
        stopAfter(samples({ seed: 500 + seed, noise: 0.1, extra: [0.02, 0], from })),
      );
      expect(found.filter((polls) => polls !== null && polls > from).length).toBeGreaterThanOrEqual(19);
    }
  });

  test('that lasts from the first poll on leaves what was measured as it was', () => {
    const alike = samples({ seed: 9, noise: 0.1 });
    const bad = samples({ seed: 9, noise: 0.1, extra: [0.01, 0] });
    const baseline = assumedDispersion(0.1);
    for (const all of [alike, bad])
      expect(isNoisier(baseline, { halves: canaryHalvesOf(all), ratio: 1 })).toBe(false);
  });
});

describe('a regression of all canary instances', () => {
  test('does not look like noise between them', () => {
    const contradicting = many(60, (seed) =>
      isNoisier(assumedDispersion(0.1), {
        halves: canaryHalvesOf(samples({ seed: 600 + seed, noise: 0.1, extra: [0.02, 0.02] })),
        ratio: 1,
      }),
    );
    expect(contradicting.filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  test('makes their noise larger by little with each event that it adds, and by no step', () => {
    for (const seed of [1, 2, 3, 4]) {
      const all = samples({ seed: 650 + seed, noise: 0.3, polls: 48 });
      const random = randomOf(seed);
      let before = 0;
      for (let added = 0; added < 80; added += 1) {
        const { canary, canaryHalves } = all[Math.floor(random() * all.length)] ?? {};
        for (const part of [canary, canaryHalves?.[random() < 0.5 ? 0 : 1]]) {
          const errors = part?.ratios['errors'];
          if (errors !== undefined) errors.events += 1;
        }
        const noise = betweenCohorts(assumedDispersion(0.1), { halves: canaryHalvesOf(all), ratio: 5 })(4);
        if (added > 0) expect(noise / before).toBeLessThan(1.5);
        before = noise;
      }
    }
  });

  test('does not make their noise larger, which it multiplies', () => {
    const found = (extra: number) =>
      many(30, (seed) => {
        const of = { seed: 700 + seed, noise: 0.5, extra: [extra, extra] as const };
        return canarySizes(canaryHalvesOf(samples(of)))[0]?.found ?? 0;
      }).reduce((sum, one) => sum + one / 30, 0);
    // Four times as many events: their differences are four times as large, and sixteen times as their variance.
    expect(found(0.015) / found(0)).toBeGreaterThan(0.7);
    expect(found(0.015) / found(0)).toBeLessThan(1.3);
  });
});

describe('the dispersion between the cohorts', () => {
  const baseline = measuredDispersion([0.04, 0.08]);
  const quiet = { halves: undefined };

  test('is that of as many instances as each has, and never less than the halves of the baseline differ by', () => {
    for (const ratio of [0.1, 1, 3]) expect(betweenCohorts(baseline, { ...quiet, ratio })(1)).toBe(0.04);
    expect(betweenCohorts(baseline, { ...quiet, ratio: 5 })(1)).toBeCloseTo(0.06, 12);
    // One instance against ten, each of variance 0.2: (0.2 + 0.02) / 2.
    expect(betweenCohorts(baseline, { ...quiet, ratio: 10 })(2)).toBeCloseTo((0.4 + 0.04) / 2, 12);
  });

  test('takes the numbers of instances as they come and go, by what their polls weigh', () => {
    const counts = (canaryTotal: number) => ({
      canaryEvents: 0,
      canaryTotal,
      baselineEvents: 0,
      baselineTotal: 1000,
    });
    const after = (all: readonly (readonly [InstanceCounts | undefined, number])[]) =>
      all.reduce<ReturnType<typeof crowdAfter>>(
        ({ crowd }, [instances, total]) => crowdAfter(crowd, { instances, counts: counts(total) }),
        {},
      ).crowd;
    expect(instanceRatio(undefined)).toBe(1);
    expect(
      instanceRatio(
        after([
          [{ baseline: 10, canary: 2 }, 100],
          [{ baseline: 10, canary: 5 }, 100],
        ]),
      ),
    ).toBe(3.5);
    const grown = instanceRatio(
      after([
        [{ baseline: 10, canary: 1 }, 10],
        [{ baseline: 10, canary: 10 }, 1000],
        [undefined, 1000],
      ]),
    );
    expect(grown).toBeGreaterThan(1);
    expect(grown).toBeLessThan(1.01);
    for (const wrong of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 1e300])
      expect(after([[{ baseline: 2, canary: wrong }, 100]])).toBeUndefined();
    expect(after([[{ baseline: 2, canary: 1 }, 0]])).toBeUndefined();
  });
});

describe('the dispersion that a stop at once must stand', () => {
  const baseline = measuredDispersion([0.04, 0.08]);
  const told = (ratio: number, more: { halves?: CanaryHalves; assumed?: boolean; noisier?: number } = {}) =>
    firmDispersion(baseline, { halves: undefined, ratio, assumed: false, noisier: 2.5, ...more });
  /** What 0.04 over one poll hides: 1 - 1.4 * 0.04 of it is measured. */
  const HIDDEN = 1 / (1 - 1.4 * 0.04);

  test('is that of a canary two and a half times as noisy as the baseline until its own halves tell', () => {
    // (0.08 + 6.25 * 0.08) / 4, and with ten instances against one (0.08 + 10 * 6.25 * 0.08) / 4.
    expect(told(1)(2)).toBeCloseTo(HIDDEN * 0.145, 12);
    expect(told(10)(2)).toBeCloseTo(HIDDEN * 1.27, 12);
    expect(told(10, { noisier: 1 })(2)).toBeCloseTo(HIDDEN * 0.22, 12);
    const halves = canaryHalvesOf(samples({ seed: 21, noise: 0.1 }));
    expect(told(1, { halves })(2)).toBeCloseTo(HIDDEN * 0.08, 12);
  });

  test('is as much larger as shares of a common rate hide, and no more where it is assumed', () => {
    const of = (measured: number) =>
      firmDispersion(() => measured, {
        halves: canaryHalvesOf(samples({ seed: 22, noise: 0.1 })),
        ratio: 1,
        assumed: false,
        noisier: 2.5,
      })(1);
    // Two instances that differ by a variance of 0.36, 0.72 and 1.44 are measured as these.
    expect(of(0.23) / 0.36).toBeCloseTo(0.94, 2);
    expect(of(0.36) / 0.72).toBeCloseTo(1.01, 2);
    expect(of(0.5) / 1.44).toBeGreaterThan(1);
    // No measurement makes it infinite.
    expect(of(3)).toBeLessThan(15);
    expect(told(1, { assumed: true })(2)).toBeCloseTo(0.145, 12);
  });
});

describe('a canary of one instance', () => {
  const warnings = (instances: InstanceCounts) => {
    const [first] = samples({ seed: 1, noise: 0 });
    if (first === undefined) throw new Error('no sample');
    return assess(evidenceAfter([{ ...single(first), instances }]), plan, AT).warnings.join('; ');
  };

  test('is told to be taken like one of the baseline, in words', () => {
    expect(warnings({ baseline: 10, canary: 1 })).toContain(
      "the canary has one instance: how much it differs by itself cannot be measured, and is taken to be like one of the baseline's 10. A stop must stand for 30 min, or for one that is 2.5 times as noisy (`analysis.canaryNoise`); two instances are measured",
    );
    expect(warnings({ baseline: 10, canary: 2 })).not.toContain('one instance');
    expect(warnings({ baseline: 1, canary: 1 })).not.toContain('one instance');
  });

  test('is given the noise of one of the baseline', () => {
    const width = (instances: InstanceCounts) => {
      const all = samples({ seed: 2, noise: 0 }).map((one) => ({ ...single(one), instances }));
      const context = { stageIndex: 0, dispersion: { errors: [0.02, 0.04, 0.06] } };
      const evidence = all.reduce(
        (known, sample) => observe(known, plan, reading(sample), context),
        openEvidence(plan),
      );
      const [low, high] = assess(evidence, plan, context).metrics[0]?.interval ?? [0, 0];
      return high - low;
    };
    expect(width({ baseline: 10, canary: 1 })).toBeGreaterThan(1.2 * width({ baseline: 10, canary: 10 }));
  });
});

describe('a latency', () => {
  const slow = planOf({
    metrics: [{ name: 'p95', kind: 'latency', histogram: 'h', soft: '+20%', hard: '+50%' }],
    stages: [{ name: '25%', percent: 25, bake: '1h', minRequests: 0 }],
  });
  const told = (noise: number) => {
    const random = randomOf(5);
    const half = (requests: number, wander: number) => ({
      requests,
      ratios: {},
      histograms: { p95: latencyBuckets(random, { requests, mean: 0.2 * (1 + wander * (random() - 0.5)) }) },
    });
    const plus = (a: ReturnType<typeof half>, b: ReturnType<typeof half>) => ({
      requests: a.requests + b.requests,
      ratios: {},
      histograms: {
        p95: a.histograms.p95.map(
          ([edge, count], i) => [edge, count + (b.histograms.p95[i]?.[1] ?? 0)] as const,
        ),
      },
    });
    let evidence = openEvidence(slow);
    for (let i = 0; i < 120; i++) {
      const [one, two, three, four] = [half(400, 0.05), half(400, 0.05), half(150, noise), half(150, noise)];
      const sample: Sample = {
        stage: '25%',
        t: 15 * (i + 1),
        baseline: plus(one, two),
        canary: plus(three, four),
        halves: [one, two],
        canaryHalves: [three, four],
        instances: { baseline: 4, canary: 2 },
      };
      evidence = observe(evidence, slow, reading(sample), AT);
    }
    return { evidence, warnings: assess(evidence, slow, AT).warnings.join('; ') };
  };

  test('has the canary measured at each of its edges', () => {
    const { evidence, warnings } = told(1);
    const known = evidence.metrics['p95'];
    if (known?.kind !== 'latency') throw new Error('no latency');
    expect(known.edges?.length).toBeGreaterThan(0);
    expect(known.canaryHalves).toHaveLength(known.edges?.length ?? 0);
    expect(instanceRatio(known.crowd)).toBe(2);
    expect(warnings).toContain("p95 differs more between the canary's instances");
    expect(told(0.05).warnings).not.toContain('differs more');
  });
});

describe('samples of older versions', () => {
  test('are judged as they were: nothing of the canary is kept, and nothing else is different', () => {
    const old = samples({ seed: 11, noise: 0.3, polls: 40 }).map(asBefore);
    const evidence = evidenceAfter(old);
    expect(JSON.stringify(evidence)).not.toMatch(/canaryHalves|crowd|instances/);
    // Evidence of a version before goes on, and learns of the canary from then on.
    const restored = restoreEvidence(JSON.parse(JSON.stringify(evidence)), plan);
    const [next] = samples({ seed: 12, noise: 0.3, polls: 1 });
    if (restored === null || next === undefined) throw new Error('not restored');
    const after = observe(restored, plan, reading({ ...next, t: 900 }), AT);
    expect(JSON.stringify(after)).toMatch(/canaryHalves/);
  });
});

describe('what is kept of the canary', () => {
  test('stays small however long the rollout is', () => {
    const random = randomOf(3);
    const streamed = (n: number) => {
      let halves = NO_CANARY_HALVES;
      for (let i = 0; i < n; i++) {
        const total = 400 * (1 + 0.5 * Math.sin((2 * Math.PI * i) / 5760));
        const half = () => poisson(random, total * 0.005);
        const cohorts = {
          canaryEvents: 8,
          canaryTotal: 2 * total,
          baselineEvents: 16 + poisson(random, 4),
          baselineTotal: 4 * total,
        };
        halves = addCanaryHalves(halves, {
          halves: { canaryEvents: half(), canaryTotal: total, baselineEvents: half(), baselineTotal: total },
          cohorts,
          soFar: cohorts,
        });
      }
      return JSON.stringify(halves).length;
    };
    const day = streamed(5760);
    expect(day).toBeLessThan(14_000);
    expect(streamed(40_320)).toBeLessThan(1.4 * day);
  });
});
