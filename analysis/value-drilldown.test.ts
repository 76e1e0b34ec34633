import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Breakdown, CohortCounts } from '../plans/breakdown.ts';
import type { Explanation } from '../plans/explanation.ts';
import { drilldown } from './drilldown.ts';
import type { Search } from './search.ts';
import { planOf, poisson, randomOf } from './traffic.fixture.ts';
import type { ValueMetric } from './value.ts';

const WINDOWS = 60;
const metrics = planOf({
  metrics: [
    { name: 'basket', kind: 'mean', sum: 'sum', count: 'count', soft: '-5%' },
    { name: 'memory', kind: 'gauge', gauge: 'bytes', soft: '+20%' },
    { name: 'queue', kind: 'gauge', gauge: 'depth', combine: 'sum', soft: '+20%' },
    { name: 'oldest', kind: 'gauge', gauge: 'age', combine: 'max', soft: '+20%' },
  ],
}).metrics as ValueMetric[];
const [basket, memory, queue, oldest] = metrics as [ValueMetric, ValueMetric, ValueMetric, ValueMetric];

const searchOf = (metric: ValueMetric, more: Partial<Search> = {}): Search => ({
  metric,
  counted: 'bad',
  edge: null,
  replicas: 'instance',
  G: 1e-6,
  baselineG: 1e-6,
  assumed: false,
  timezone: 'Europe/Berlin',
  poll: 15,
  ...more,
});

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The mean of a cohort in one window, and how many there are of it; null: none. */
type Draw = ((window: number) => readonly [mean: number, count: number]) | null;
interface Drawn {
  value: string;
  canary: Draw;
  baseline: Draw;
}

function dimension(label: string, values: readonly Drawn[], draw: Sum = exactly): Breakdown['dimensions'][0] {
  const one = (of: Draw, window: number) => {
    const [mean, count] = of?.(window) ?? [0, 0];
    return [draw(mean, count), count] as const;
  };
  return {
    label,
    values: values.map(({ value, canary, baseline }) => ({
      value,
      windows: Array.from({ length: WINDOWS }, (_, i): CohortCounts => {
        const [canaryEvents, canaryTotal] = one(canary, i);
        const [baselineEvents, baselineTotal] = one(baseline, i);
        return { canaryEvents, canaryTotal, baselineEvents, baselineTotal };
      }),
    })),
  };
}

type Sum = (mean: number, count: number) => number;
const exactly: Sum = (mean, count) => mean * count;

/** Values of a log-normal distribution with sigma 1: a few carry much of the sum. */
function heavy(random: () => number): Sum {
  return (mean, count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += mean * Math.exp(normal(random) - 0.5);
    return sum;
  };
}

/** The newest window first, as they are read. */
function breakdown(...dimensions: Breakdown['dimensions']): Breakdown {
  const times = Array.from({ length: WINDOWS }, (_, i) => 900 - 15 * i);
  return { from: 0, to: 900, used: WINDOWS, rejected: 0, times, dimensions, queries: [] };
}

const names = ({ dimensions }: Explanation) =>
  dimensions.flatMap(({ label, values }) =>
    values.filter((row) => row.found).map(({ value }) => `${label}=${value}`),
  );

describe('where a mean moved', () => {
  test('the one region in which baskets got smaller, in the direction that people read', () => {
    const random = randomOf(2);
    const orders =
      (mean: number, count: number): Draw =>
      () => [mean, poisson(random, count)];
    const told = drilldown(
      breakdown(
        dimension(
          'region',
          [
            { value: 'us', canary: orders(12, 40), baseline: orders(20, 160) },
            { value: 'eu', canary: orders(20, 60), baseline: orders(20, 240) },
            { value: 'asia', canary: orders(30, 30), baseline: orders(30, 120) },
          ],
          heavy(random),
        ),
      ),
      searchOf(basket),
    );
    expect(told).toMatchObject({ metric: 'basket', of: 'values', tests: 3 });
    expect(names(told)).toEqual(['region=us']);
    expect(told.dimensions[0]?.values[0]).toMatchObject({ value: 'us', only: null });
    expect(told.dimensions[0]?.values[0]?.share).toBeGreaterThan(0.7);
    const { events = 0, total = 1 } = told.dimensions[0]?.values[0]?.canary ?? {};
    expect(events / total).toBeCloseTo(12, 0);
    expect(told.sentence).toMatch(
      /^(all|\d\d %) of the fall in basket comes from region=us \(canary 1[12][.\d]* against (20|19|21)[.\d]*\), 3\d % of the canary's observations$/,
    );
  });

  test('that is only asked for cheaper things is told as such', () => {
    const steady =
      (mean: number, count: number): Draw =>
      () => [mean, count];
    const told = drilldown(
      breakdown(
        dimension('shop', [
          { value: 'outlet', canary: steady(10, 80), baseline: steady(10, 80) },
          { value: 'main', canary: steady(50, 20), baseline: steady(50, 320) },
        ]),
      ),
      searchOf(basket),
    );
    expect(told.dimensions[0]?.mix).toMatchObject({ value: 'outlet' });
    expect(told.dimensions[0]?.mix.share).toBeCloseTo(1, 9);
    expect(told.sentence).toMatch(
      /^all of the fall in basket is in what was asked for and not in the values: shop=outlet is 80 % of the canary's observations and 20 % of the baseline's$/,
    );
  });
});

describe('a gauge', () => {
  const random = randomOf(7);
  const around =
    (mean: number): Draw =>
    () => [mean * (1 + 0.02 * normal(random)), 1];
  const canary = (value: string, mean: number): Drawn => ({ value, canary: around(mean), baseline: null });
  const baseline = (value: string): Drawn => ({ value, canary: null, baseline: around(100) });
  const fleet = (means: readonly number[]) =>
    dimension('instance', [
      ...means.map((mean, i) => canary(`c${i + 1}`, mean)),
      baseline('b1'),
      baseline('b2'),
      baseline('b3'),
      baseline('b4'),
    ]);

  test.each([memory, queue, oldest])(
    '$name of one canary instance that is bad by itself is told from that of a bad version',
    (metric) => {
      const means = metric === queue ? [100, 100, 100, 290] : [100, 100, 100, 180];
      const alone = drilldown(breakdown(fleet(means)), searchOf(metric));
      expect(alone.instances).toEqual({ kind: 'instances', names: ['c4'], others: 3 });
      expect(alone.sentence).toContain(
        'instance=c4 is bad by itself: the other 3 canary instances are like the baseline',
      );
      const version = drilldown(breakdown(fleet([160, 160, 160, 160])), searchOf(metric));
      expect(version.instances).toMatchObject({ kind: 'version', count: 4 });
    },
  );

  test('that is summed is where its sum is more', () => {
    const both = (value: string, means: readonly [number, number]): Drawn => ({
      value,
      canary: around(means[0]),
      baseline: around(means[1]),
    });
    const told = drilldown(
      breakdown(dimension('topic', [both('orders', [90, 20]), both('mails', [80, 80])])),
      searchOf(queue),
    );
    expect(names(told)).toEqual(['topic=orders']);
    expect(told.sentence).toMatch(
      /^(all|9\d %) of the rise in queue comes from topic=orders \(canary 90[.\d]* against (20|19)[.\d]*\), 20 % of the baseline's$/,
    );
  });

  test('of which the largest counts has moved where the largest is', () => {
    const both = (value: string, means: readonly [number, number]): Drawn => ({
      value,
      canary: around(means[0]),
      baseline: around(means[1]),
    });
    const told = drilldown(
      breakdown(
        dimension('topic', [both('orders', [300, 40]), both('mails', [100, 100]), both('logs', [90, 90])]),
      ),
      searchOf(oldest),
    );
    expect(names(told)).toEqual(['topic=orders']);
    expect(told.dimensions[0]?.values[0]).toMatchObject({ value: 'orders', share: 1 });
    expect(told.canary.events / told.canary.total).toBeCloseTo(300, -1);
  });

  test('of the canary alone is told by its instances', () => {
    const told = drilldown(
      breakdown(dimension('instance', [canary('c1', 100), canary('c2', 100), canary('c3', 240)])),
      searchOf(memory),
    );
    expect(names(told)).toEqual(['instance=c3']);
    expect(told.sentence).toContain('there is no baseline to compare with');
  });

  test('of a few windows proves nothing', () => {
    const few = fleet([100, 100, 100, 180]);
    const told = drilldown(
      breakdown({
        ...few,
        values: few.values.map(({ value, windows }) => ({ value, windows: windows.slice(0, 8) })),
      }),
      searchOf(memory),
    );
    expect(names(told)).toEqual([]);
    expect(told.instances).toEqual({ kind: 'open', count: 4 });
  });
});

describe('the hour of the day', () => {
  // The windows end 11:52:30 to 12:07:15 UTC, in summer at 13:52:30 in Berlin.
  const noon = Date.UTC(2026, 5, 10, 12) / 1000;
  const times = Array.from({ length: WINDOWS }, (_, i) => noon + 450 - 15 * (i + 1) + 15);

  test('in which a mean moved is told by the time of the plan', () => {
    const random = randomOf(4);
    // The newest come first: thirty windows since noon.
    const moved =
      (bad: number): Draw =>
      (i) => [i < 30 ? bad : 20, poisson(random, 60)];
    const steady: Draw = () => [20, poisson(random, 240)];
    const told = drilldown(
      {
        ...breakdown(
          dimension(
            'region',
            [
              { value: 'us', canary: moved(10), baseline: steady },
              { value: 'eu', canary: moved(20), baseline: steady },
            ],
            heavy(random),
          ),
        ),
        times,
      },
      searchOf(basket),
    );
    expect(names(told)).toEqual(['hour of the day=14:00']);
    expect(told.dimensions.at(-1)).toMatchObject({ kind: 'hours', label: 'hour of the day' });
    expect(told.sentence).toMatch(
      /; (all|\d\d %) of it is in the hour from 14:00 \(canary [\d.]+ against [\d.]+\), by the time of Europe\/Berlin$/,
    );
  });

  test('is searched for events too, with the same control, and not named where both hours are alike', () => {
    const [errors] = planOf().metrics;
    if (errors === undefined) throw new Error('no metric');
    const random = randomOf(5);
    const drawn = (rates: (window: number) => number): Breakdown => ({
      ...breakdown({
        label: 'endpoint',
        values: [
          {
            value: '/a',
            windows: Array.from({ length: WINDOWS }, (_, i) => ({
              canaryEvents: Math.min(200, poisson(random, 200 * rates(i))),
              canaryTotal: 200,
              baselineEvents: Math.min(2000, poisson(random, 2000 * 0.01)),
              baselineTotal: 2000,
            })),
          },
        ],
      }),
      times,
    });
    const search = { ...searchOf(memory), metric: errors, G: 0.001, baselineG: 0.001 };
    const late = drilldown(
      drawn((i) => (i < 30 ? 0.06 : 0.01)),
      search,
    );
    expect(late.tests).toBe(2);
    expect(names(late)).toEqual(['hour of the day=14:00']);
    expect(late.sentence).toContain('of it is in the hour from 14:00 (canary ');
    const always = drilldown(
      drawn(() => 0.06),
      search,
    );
    expect(always.sentence).not.toContain('hour');
    expect(names(always)).toHaveLength(2);
  });
});

describe('multiple comparisons of values', () => {
  test.each(['gauge', 'mean'] as const)(
    'in equal cohorts hardly any search of a %s finds anything',
    (kind) => {
      const runs = 80;
      let wrong = 0;
      for (let seed = 0; seed < runs; seed++) {
        const random = randomOf(900 + seed);
        const of = (mean: number, count: number): Draw =>
          kind === 'mean'
            ? () => [mean, poisson(random, count)]
            : () => [mean * (1 + 0.1 * normal(random)), 1];
        const equal = (label: string, count: number) =>
          dimension(
            label,
            Array.from({ length: count }, (_, i) => ({
              value: `${label}${i}`,
              canary: of(20 + i, 10),
              baseline: of(20 + i, 40),
            })),
            kind === 'mean' ? heavy(random) : exactly,
          );
        const told = drilldown(
          breakdown(equal('region', 8), equal('instance', 6)),
          searchOf(kind === 'mean' ? basket : memory),
        );
        expect(told.tests).toBe(14);
        if (names(told).length > 0) wrong += 1;
      }
      expect(wrong / runs).toBeLessThanOrEqual(0.05);
    },
  );
});

describe('whatever was read', () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(Number.NaN, 1e300, -1e300, Number.POSITIVE_INFINITY),
  );
  const wild = fc.record({
    canaryEvents: number,
    canaryTotal: number,
    baselineEvents: number,
    baselineTotal: number,
  });

  test('nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(wild, { maxLength: 20 }), { maxLength: 4 }),
        fc.constantFrom(...metrics),
        (rows, metric) => {
          const any = {
            label: 'instance',
            values: rows.map((windows, i) => ({ value: `${i}`, windows })),
          };
          const told = drilldown(breakdown(any, { ...any, label: 'x' }), searchOf(metric));
          expect(told.sentence).not.toBe('');
        },
      ),
    );
  });

  test('shares and mix are the whole, of a mean and of a sum', () => {
    const amount = fc.integer({ min: 0, max: 1000 });
    const counts = fc.record({
      canaryEvents: amount,
      canaryTotal: fc.integer({ min: 1, max: 50 }),
      baselineEvents: amount,
      baselineTotal: fc.integer({ min: 1, max: 50 }),
    });
    const rows = fc.array(fc.array(counts, { minLength: 20, maxLength: 20 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.constantFrom(...metrics), (all, metric) => {
        const told = drilldown(
          breakdown({ label: 'x', values: all.map((windows, i) => ({ value: `${i}`, windows })) }),
          searchOf(metric),
        );
        const [x] = told.dimensions;
        const excess = (x?.values ?? []).reduce((sum, row) => sum + row.excess, x?.mix.excess ?? 0);
        expect(Math.abs(excess - told.excess)).toBeLessThan(1e-6 * Math.max(1, Math.abs(told.excess), 1e4));
        expect(JSON.parse(JSON.stringify(told))).toEqual(told);
      }),
      { numRuns: 200 },
    );
  });
});
