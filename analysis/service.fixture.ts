import type { Buckets, CohortSample, Sample } from '../plans/sample.ts';
import { randomOf } from './traffic.fixture.ts';

/** What is seen of one cohort that is worse by a factor: the draws are the same whatever the factor. */
type Draw = (worse: number) => Partial<CohortSample>;

/** A service of one metric `m`. */
export interface Service {
  metric: Record<string, unknown>;
  draw: (random: () => number) => Draw;
  /** The same counts in another unit. */
  scaled: (cohort: CohortSample, unit: number) => CohortSample;
}

const normal = (random: () => number) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

export const SERVICES = {
  latency: {
    // 26.25 ms at +5 % has its counterpart on the first edge, where rounding may fall to either side.
    metric: { kind: 'latency', histogram: 'h', soft: '+5%', hard: '+40%', quantile: 0.9 },
    draw: (random) => (worse) => {
      const edges = [0.025, 0.02625, 0.05, 0.1, 0.25, 0.5];
      const counts = edges.map(() => 0);
      for (let i = 0; i < 300; i++) {
        const time = -0.012 * worse * Math.log(1 - random());
        edges.forEach((edge, k) => {
          if (time <= edge) counts[k] = (counts[k] ?? 0) + 1;
        });
      }
      const buckets: Buckets = [
        ...edges.map((edge, k): [number, number] => [edge, counts[k] ?? 0]),
        ['+Inf', 300],
      ];
      return { histograms: { m: buckets } };
    },
    scaled: (cohort, unit) => ({
      ...cohort,
      histograms: {
        m: (cohort.histograms['m'] ?? []).map(([edge, count]) => [
          edge === '+Inf' ? edge : Number((edge * unit).toPrecision(12)),
          count,
        ]),
      },
    }),
  },
  mean: {
    metric: { kind: 'mean', sum: 's', count: 'c', soft: '+5%', hard: '+40%' },
    draw: (random) => (worse) => {
      let sum = 0;
      for (let i = 0; i < 40; i++) sum += 50 * worse * Math.exp(0.8 * normal(random));
      return { means: { m: { sum, count: 40 } } };
    },
    scaled: (cohort, unit) => ({
      ...cohort,
      means: { m: { sum: (cohort.means?.['m']?.sum ?? 0) * unit, count: cohort.means?.['m']?.count ?? 0 } },
    }),
  },
  gauge: {
    metric: { kind: 'gauge', gauge: 'g', soft: '+5%', hard: '+40%' },
    draw: (random) => (worse) => ({ gauges: { m: 3 * worse * Math.exp(0.1 * normal(random)) } }),
    scaled: (cohort, unit) => ({ ...cohort, gauges: { m: (cohort.gauges?.['m'] ?? 0) * unit } }),
  },
} satisfies Readonly<Record<string, Service>>;

/** Polls of 15 s, of two halves in each cohort; the canary is `worse` by a factor from poll `onset` on. */
export function servicePolls(
  { draw }: Service,
  of: { seed: number; worse: number; onset: number; polls: number },
): Sample[] {
  const next = draw(randomOf(of.seed));
  const cohort = (worse = 1): CohortSample => ({
    requests: 300,
    ratios: {},
    histograms: {},
    ...next(worse),
  });
  return Array.from({ length: of.polls }, (_, i) => {
    const worse = i < of.onset ? 1 : of.worse;
    return {
      stage: '50%',
      t: (i + 1) * 15,
      baseline: cohort(),
      canary: cohort(worse),
      halves: [cohort(), cohort()],
      canaryHalves: [cohort(worse), cohort(worse)],
    };
  });
}
