import fc from 'fast-check';
import type { Buckets, CohortSample, Reading, Sample } from '../plans/sample.ts';
import { faultsOf } from './soundness.ts';
import { planOf } from './traffic.fixture.ts';

export const raw: Record<string, unknown>[] = [
  { name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp', hard: '+0.5pp' },
  { name: 'orders', kind: 'ratio', good: 'o', total: 't', soft: '-1pp' },
  { name: 'p95', kind: 'latency', histogram: 'seconds', soft: '+20%', hard: '+50%', improve: '-5%' },
  { name: 'value', kind: 'mean', sum: 's', count: 'c', soft: '-5%' },
  { name: 'memory', kind: 'gauge', gauge: 'm', soft: '+20%' },
];
export const plan = planOf({
  source: { poll: '10s', users: 'users' },
  coverage: [{ slice: 'tier=gold', minRequests: 10 }],
  metrics: raw,
  limits: [{ name: 'slow', metric: 'p95', above: '2x baseline', action: 'pause' }],
  stages: [
    { name: '5%', percent: 5, bake: '20s', minRequests: 0 },
    { name: '25%', percent: 25, bake: '20s', minRequests: 0, promote: { proof: '1pp' } },
  ],
});

const count = fc.oneof({ weight: 8, arbitrary: fc.nat(5000) }, fc.constantFrom(0, 0, 1, 100_000));
export const wild = fc.oneof(
  { weight: 12, arbitrary: count },
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    0.5,
    1e-308,
    5e-324,
    2 ** 53,
    1e100,
    1e300,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ),
);
const sane = fc.boolean();
/** Mostly counts as they are; else anything. */
const amount = fc.tuple(sane, count, wild).map(([ok, plain, odd]) => (ok ? plain : odd));

export const edge = fc.constantFrom(0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5);
const goodBuckets: fc.Arbitrary<Buckets> = fc
  .tuple(fc.uniqueArray(edge, { maxLength: 6 }), fc.array(fc.nat(400), { minLength: 7, maxLength: 7 }))
  .map(([edges, held]) => {
    let sum = 0;
    const counts = held.map((one) => {
      sum += one;
      return sum;
    });
    return [
      ...[...edges].sort((a, b) => a - b).map((at, i): [number, number] => [at, counts[i] ?? 0]),
      ['+Inf', counts[edges.length] ?? 0],
    ];
  });
const badBuckets: fc.Arbitrary<Buckets> = fc.array(
  fc.tuple(fc.oneof(wild, edge, fc.constant('+Inf' as const)), amount),
  { maxLength: 6 },
);
const buckets = fc.oneof({ weight: 6, arbitrary: goodBuckets }, badBuckets);

const ratio = fc
  .tuple(sane, amount, amount)
  .map(([ok, a, b]) => (ok ? { events: Math.min(a, b), total: Math.max(a, b) } : { events: a, total: b }));
const record = <T>(names: string[], value: fc.Arbitrary<T>) =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] }) as fc.Arbitrary<
    Record<string, T>
  >;
const cohort: fc.Arbitrary<CohortSample> = fc.record(
  {
    requests: amount,
    ratios: record(['errors', 'orders'], ratio),
    histograms: record(['p95'], buckets),
    uncommon: record(['p95'], fc.array(edge, { maxLength: 2 })),
    means: record(['value'], fc.record({ sum: amount, count: amount })),
    gauges: record(['memory'], amount),
    users: amount,
  },
  { requiredKeys: ['requests', 'ratios', 'histograms'] },
);
/** Of a sample and of each of its slices. */
export const cohortsOf = (cohort: fc.Arbitrary<CohortSample>, instance: fc.Arbitrary<number>) => ({
  baseline: cohort,
  canary: cohort,
  halves: fc.tuple(cohort, cohort),
  canaryHalves: fc.tuple(cohort, cohort),
  instances: fc.record({ baseline: instance, canary: instance }),
});
const cohorts = cohortsOf(cohort, amount);
const slice = fc.record(cohorts, { requiredKeys: ['baseline', 'canary'] });
const split = fc.record({ by: fc.constantFrom('a', 'b', null), baseline: amount, canary: amount });
export const sample: fc.Arbitrary<Sample> = fc.record(
  {
    slices: fc.record({ 'tier=gold': slice }, { requiredKeys: [] }),
    split: fc.option(split),
    stage: fc.constantFrom('5%', '25%', 'nowhere'),
    t: fc.nat(400),
    ...cohorts,
  },
  { requiredKeys: ['stage', 't', 'baseline', 'canary'] },
);
/** A poll that no check of its numbers would refuse, so that what lies behind is reached as well. */
const sound: fc.Arbitrary<Sample> = sample.filter((one) => faultsOf(one).length === 0);
export const polls: fc.Arbitrary<Reading[]> = fc
  .array(fc.oneof({ weight: 4, arbitrary: sound }, sample, fc.constant<null>(null)), { maxLength: 40 })
  .map((all) =>
    all.map((one, i): Reading => {
      const t = 10 * (i + 1);
      if (one === null)
        return { kind: 'rejected', t, rejections: [{ kind: 'no-canary', metric: 'errors' }], queries: [] };
      // Mostly forward; sometimes back, or nowhere.
      const at = one.t < 40 ? one.t - 20 : one.t === 40 ? Number.NaN : t;
      return { kind: 'sample', sample: { ...one, t: at }, expressions: { slow: one.t }, queries: [] };
    }),
  );

/** Not a number anywhere would be lost in JSON, and win or lose every comparison. */
export function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}
