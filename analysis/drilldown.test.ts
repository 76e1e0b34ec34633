import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Breakdown, CohortCounts } from '../plans/breakdown.ts';
import type { Explanation } from '../plans/explanation.ts';
import type { RatioMetric } from '../plans/metric.ts';
import { drilldown } from './drilldown.ts';
import { discoveries } from './false-discoveries.ts';
import type { Search } from './search.ts';
import { planOf, poisson, randomOf } from './traffic.fixture.ts';

const [errors] = planOf().metrics as [RatioMetric];
const orders: RatioMetric = { ...errors, name: 'orders', bad: undefined, good: 'orders' };
const search: Search = {
  metric: errors,
  counted: 'bad',
  edge: null,
  replicas: 'instance',
  G: 0.001,
  baselineG: 0.001,
  assumed: false,
  timezone: 'UTC',
  poll: 15,
};

/** Requests per window and rates of one value; a rate of null: that cohort has none of it. */
interface Traffic {
  value: string;
  canary: readonly [requests: number, rate: number] | null;
  baseline: readonly [requests: number, rate: number] | null;
}

/** Sixty windows with these expected counts, drawn at random. */
function dimension(label: string, values: readonly Traffic[], random = randomOf(1), noise = 0) {
  const draw = (of: readonly [number, number] | null) => {
    if (of === null) return [0, 0] as const;
    const total = poisson(random, of[0]);
    const rate = of[1] * Math.max(0, 1 + noise * Math.sqrt(12) * (random() - 0.5));
    return [Math.min(total, poisson(random, total * rate)), total] as const;
  };
  return {
    label,
    values: values.map(({ value, canary, baseline }) => ({
      value,
      windows: Array.from({ length: 60 }, (): CohortCounts => {
        const [canaryEvents, canaryTotal] = draw(canary);
        const [baselineEvents, baselineTotal] = draw(baseline);
        return { canaryEvents, canaryTotal, baselineEvents, baselineTotal };
      }),
    })),
  };
}

function breakdown(...dimensions: Breakdown['dimensions']): Breakdown {
  const times = Array.from({ length: 60 }, (_, i) => 900 - 15 * i);
  return { from: 0, to: 900, used: 60, rejected: 0, times, dimensions, queries: [] };
}

function both(value: string, requests: readonly [number, number], rates: readonly [number, number]): Traffic {
  return { value, canary: [requests[0], rates[0]], baseline: [requests[1], rates[1]] };
}

const values = (explanation: Explanation, label: string) =>
  explanation.dimensions.find((one) => one.label === label)?.values ?? [];
const found = (explanation: Explanation) =>
  explanation.dimensions.flatMap((one) =>
    one.values.filter((row) => row.found).map(({ value }) => `${one.label}=${value}`),
  );

describe('where a metric moved', () => {
  test('the one endpoint that turned bad, and not the regions that it is asked from', () => {
    const told = drilldown(
      breakdown(
        dimension('endpoint', [
          both('/checkout', [20, 380], [0.12, 0.004]),
          both('/cart', [60, 1140], [0.004, 0.004]),
          both('/search', [80, 1500], [0.004, 0.004]),
        ]),
        dimension('region', [
          both('eu', [80, 1510], [0.0185, 0.004]),
          both('us', [80, 1510], [0.0185, 0.004]),
        ]),
      ),
      search,
    );
    expect(found(told)).toEqual(['endpoint=/checkout', 'region=eu', 'region=us']);
    expect(values(told, 'endpoint')[0]).toMatchObject({ value: '/checkout', found: true, only: null });
    expect(values(told, 'endpoint')[0]?.share).toBeGreaterThan(0.9);
    expect(told.tests).toBe(5);
    expect(told.sentence).toMatch(
      /^(all|9\d %) of the excess in errors comes from endpoint=\/checkout \(canary 1[12][.\d]* % against 0\.[34]\d* %\), 1[123] % of the canary's requests$/,
    );
  });

  test('after a handful of requests, where to look first, said as not sure', () => {
    const one = (value: string, counts: readonly [number, number, number, number]) => {
      const [canaryEvents, canaryTotal, baselineEvents, baselineTotal] = counts;
      return { value, windows: [{ canaryEvents, canaryTotal, baselineEvents, baselineTotal }] };
    };
    const told = drilldown(
      breakdown({
        label: 'endpoint',
        values: [
          one('/checkout', [7, 12, 0, 36]),
          one('/cart', [0, 12, 0, 36]),
          one('/search', [0, 20, 1, 60]),
        ],
      }),
      search,
    );
    expect(found(told)).toEqual([]);
    expect(told.sentence).toBe(
      'all of the excess in errors may come from endpoint=/checkout (canary 58.3 % against 0 %), with too few requests to be sure',
    );
    const even = drilldown(
      breakdown({ label: 'endpoint', values: [one('/a', [2, 40, 0, 120]), one('/b', [1, 40, 0, 120])] }),
      search,
    );
    expect(even.sentence).toBe('no value of endpoint stands out');
  });

  test('a bad version is spread over all that it is asked for', () => {
    const told = drilldown(
      breakdown(
        dimension('endpoint', [both('/a', [60, 1000], [0.05, 0.01]), both('/b', [40, 800], [0.05, 0.01])]),
        dimension('instance', [
          { value: 'c1', canary: [50, 0.05], baseline: null },
          { value: 'c2', canary: [50, 0.05], baseline: null },
          { value: 'b1', canary: null, baseline: [900, 0.01] },
          { value: 'b2', canary: null, baseline: [900, 0.01] },
        ]),
      ),
      search,
    );
    expect(told.sentence).toBe(
      'the excess in errors is spread over endpoint; none of the 2 canary instances stands out: it is the version',
    );
    expect(told.instances).toEqual({ kind: 'version', count: 2, worst: [] });
    expect(values(told, 'instance').filter(({ only }) => only === 'baseline')).toHaveLength(2);
  });

  test('one canary instance that is bad by itself, among its own and beside the baseline on the same machines', () => {
    const apart = drilldown(
      breakdown(
        dimension('instance', [
          ...['c1', 'c2', 'c3'].map((value) => ({ value, canary: [50, 0.005] as const, baseline: null })),
          { value: 'c4', canary: [50, 0.2], baseline: null },
          { value: 'b1', canary: null, baseline: [1800, 0.005] },
          { value: 'b2', canary: null, baseline: [1800, 0.005] },
        ]),
      ),
      search,
    );
    expect(apart.instances).toEqual({ kind: 'instances', names: ['c4'], others: 3 });
    expect(apart.sentence).toBe(
      'instance=c4 is bad by itself: the other 3 canary instances are like the baseline',
    );
    const shared = drilldown(
      breakdown(
        dimension('instance', [
          both('m1', [50, 900], [0.005, 0.005]),
          both('m2', [50, 900], [0.005, 0.005]),
          both('m3', [50, 900], [0.1, 0.005]),
        ]),
      ),
      search,
    );
    expect(shared.instances).toEqual({ kind: 'instances', names: ['m3'], others: 2 });
  });

  test('a slow machine that is as bad with the baseline is not to blame', () => {
    const told = drilldown(
      breakdown(
        dimension('instance', [
          both('m1', [50, 900], [0.05, 0.01]),
          both('m2', [50, 900], [0.05, 0.01]),
          both('m3', [50, 900], [0.12, 0.08]),
        ]),
      ),
      search,
    );
    expect(told.instances).toEqual({ kind: 'version', count: 3, worst: [] });
  });

  test('one instance cannot be told from the version, nor can any without the label', () => {
    const one = breakdown(
      dimension('instance', [
        { value: 'c1', canary: [50, 0.05], baseline: null },
        { value: 'b1', canary: null, baseline: [900, 0.01] },
      ]),
    );
    expect(drilldown(one, search).instances).toEqual({ kind: 'single' });
    const none = breakdown(dimension('instance', [both('', [50, 900], [0.05, 0.01])]));
    expect(drilldown(none, search).instances).toEqual({ kind: 'unknown' });
    expect(drilldown(none, search).dimensions[0]?.note).toBe('no series has this label');
  });

  test('a canary that is only asked for more of what fails anyway', () => {
    const told = drilldown(
      breakdown(
        dimension('endpoint', [
          both('/slow', [400, 1000], [0.1, 0.1]),
          both('/fast', [600, 9000], [0.001, 0.001]),
        ]),
      ),
      search,
    );
    expect(found(told)).toEqual([]);
    expect(told.dimensions[0]?.mix).toMatchObject({ value: '/slow' });
    expect(told.dimensions[0]?.mix.share).toBeGreaterThan(0.9);
    expect(told.sentence).toContain(
      'is in what was asked for and not in the rates: endpoint=/slow is 40 % of the canary',
    );
  });

  test('a mix that explains most of it does not hide a value that is worse by itself', () => {
    const told = drilldown(
      breakdown(
        dimension('endpoint', [
          both('/search', [100, 800], [0.03, 0.03]),
          both('/checkout', [40, 800], [0.03, 0.004]),
          both('/cart', [20, 1400], [0.004, 0.004]),
        ]),
      ),
      search,
    );
    expect(found(told)).toEqual(['endpoint=/checkout']);
    expect(told.sentence).toMatch(
      /^6\d % of the excess in errors is in what was asked for and not in the rates: endpoint=\/search .* of the baseline's; another 4\d % comes from endpoint=\/checkout \(canary [23][.\d]* % against 0\.[34]\d* %\), which is worse by itself$/,
    );
  });

  test('an endpoint that only the canary has is said as such, and no evidence is made of it', () => {
    const told = drilldown(
      breakdown(
        dimension('endpoint', [
          { value: '/new', canary: [30, 0.2], baseline: null },
          both('/old', [100, 2000], [0.004, 0.004]),
        ]),
      ),
      search,
    );
    expect(values(told, 'endpoint').find(({ value }) => value === '/new')).toMatchObject({
      only: 'canary',
      lnE: null,
      found: false,
    });
    expect(told.sentence).toContain('endpoint=/new (canary 19.7 %; ');
    expect(told.sentence).toContain('the baseline has none of it), 23 %');
  });

  test('what became of the requests is a share of all of them', () => {
    const random = randomOf(4);
    const windows = (canary: number, baseline: number, all: boolean) =>
      Array.from({ length: 60 }, () => {
        const [c, b] = [poisson(random, canary), poisson(random, baseline)];
        return {
          canaryEvents: all ? c : 0,
          canaryTotal: c,
          baselineEvents: all ? b : 0,
          baselineTotal: b,
        };
      });
    const told = drilldown(
      breakdown({
        label: 'code',
        values: [
          { value: '200', windows: windows(100, 2000, false) },
          { value: '500', windows: windows(0.5, 10, true) },
          { value: '503', windows: windows(8, 2, true) },
        ],
      }),
      search,
    );
    expect(found(told)).toEqual(['code=503']);
    expect(told.sentence).toMatch(/of the excess in errors is code=503$/);
  });

  test('fewer orders are told in orders', () => {
    const told = drilldown(
      breakdown(
        dimension('region', [
          both('eu', [200, 3000], [0.02, 0.2]),
          both('us', [200, 3000], [0.2, 0.2]),
          both('asia', [400, 6000], [0.2, 0.2]),
        ]),
      ),
      { ...search, metric: orders },
    );
    expect(told.sentence).toMatch(
      /of the loss in orders comes from region=eu \(canary (2|1\.9|2\.\d) % against (20|19\.\d|20\.\d) %\), 25 %/,
    );
    expect(told.canary.events / told.canary.total).toBeCloseTo(0.155, 1);
  });

  test('a label of one counter alone tells nothing, and says why', () => {
    const windows = [{ canaryEvents: 3, canaryTotal: 0, baselineEvents: 2, baselineTotal: 0 }];
    const rest = [{ canaryEvents: 0, canaryTotal: 90, baselineEvents: 0, baselineTotal: 900 }];
    const told = drilldown(
      breakdown({
        label: 'region',
        values: [
          { value: '', windows },
          { value: 'eu', windows: rest },
        ],
      }),
      search,
    );
    expect(told.dimensions[0]).toMatchObject({ values: [], note: expect.stringContaining('do not share') });
  });
});

const counts: fc.Arbitrary<CohortCounts> = fc
  .tuple(
    fc.nat(5000),
    fc.nat(5000),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([canaryTotal, baselineTotal, canary, baseline]) => ({
    canaryTotal,
    baselineTotal,
    canaryEvents: Math.floor(canary * canaryTotal),
    baselineEvents: Math.floor(baseline * baselineTotal),
  }));
/** Up to three labels over the same windows; the last splits the first one's values, so that all have the same whole. */
const anyBreakdown = fc
  .array(fc.array(counts, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 })
  .map((rows) =>
    breakdown(
      { label: 'endpoint', values: rows.map((windows, i) => ({ value: `/${i}`, windows })) },
      { label: 'instance', values: rows.map((windows, i) => ({ value: i === 0 ? '' : `i${i}`, windows })) },
    ),
  );

describe('on any counts', () => {
  test('the shares and the mix are the whole, what was found comes first, and shares fall', () => {
    fc.assert(
      fc.property(anyBreakdown, fc.constantFrom('bad', 'good'), fc.boolean(), (of, counted, good) => {
        const told = drilldown(of, { ...search, counted, metric: good ? orders : errors });
        for (const { values: rows, mix, note } of told.dimensions) {
          if (note !== null) continue;
          const excess = rows.reduce((sum, row) => sum + row.excess, mix.excess);
          const size = Math.max(1, told.canary.total);
          expect(Math.abs(excess - told.excess) / size).toBeLessThan(1e-9);
          if (told.excess > 1) {
            const shares = rows.reduce(
              (sum, { share }) => sum + (share ?? Number.NaN),
              mix.share ?? Number.NaN,
            );
            expect(Math.abs(shares - 1) * told.excess).toBeLessThan(1e-6 * size);
          }
          const keys = rows.map((row) => [Number(row.found), row.excess] as const);
          for (const [i, [isFound, own]] of keys.slice(1).entries()) {
            const [before, larger] = keys[i] ?? [0, 0];
            expect(before).toBeGreaterThanOrEqual(isFound);
            if (before === isFound) expect(larger).toBeGreaterThanOrEqual(own);
          }
        }
        expect(JSON.parse(JSON.stringify(told))).toEqual(told);
        expect(told.sentence).not.toMatch(/NaN|undefined|Infinity/);
      }),
      { numRuns: 400 },
    );
  });

  test('nothing is thrown, whatever a counter says', () => {
    const number = fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN));
    const wild = fc.record({
      canaryEvents: number,
      canaryTotal: number,
      baselineEvents: number,
      baselineTotal: number,
    });
    fc.assert(
      fc.property(fc.array(fc.array(wild, { maxLength: 3 }), { maxLength: 4 }), (rows) => {
        const any = { label: 'instance', values: rows.map((windows, i) => ({ value: `${i}`, windows })) };
        expect(drilldown(breakdown(any, { ...any, label: 'x' }), search).sentence).not.toBe('');
      }),
    );
  });
});

describe('multiple comparisons', () => {
  test('e-BH rejects the largest set that pays for itself', () => {
    const ln = (...values: number[]) => values.map((value) => Math.log(value));
    expect(discoveries(ln(100, 100, 1), 0.05)).toEqual([true, true, false]);
    // Alone 30 does not reach 3/0.05, and two of 30 do: 2*30 >= 60.
    expect(discoveries(ln(30, 30, 1), 0.05)).toEqual([true, true, false]);
    expect(discoveries(ln(30, 29, 1), 0.05)).toEqual([false, false, false]);
    expect(discoveries([], 0.05)).toEqual([]);
    expect(discoveries([Number.NaN, 50], 0.05)).toEqual([false, true]);
  });

  test.each([
    [0, 0],
    [0.3, 0.09 * Math.cbrt(60)],
  ] as const)(
    'in equal cohorts with a noise of %d between them hardly any search finds anything',
    (noise, G) => {
      const runs = 200;
      let wrong = 0;
      for (let seed = 0; seed < runs; seed++) {
        const random = randomOf(seed);
        const equal = (count: number, name: string) =>
          Array.from({ length: count }, (_, i) => {
            const rate = 0.002 * (1 + (i % 10));
            return both(`${name}${i}`, [10 + i, 190 + 19 * i], [rate, rate]);
          });
        const told = drilldown(
          breakdown(
            dimension('endpoint', equal(30, '/'), random, noise),
            dimension('region', equal(6, 'r'), random, noise),
            dimension('instance', equal(8, 'i'), random, noise),
          ),
          { ...search, G, baselineG: G, assumed: true },
        );
        expect(told.tests).toBe(44);
        if (found(told).length > 0) wrong += 1;
      }
      expect(wrong / runs).toBeLessThanOrEqual(0.05);
    },
  );

  test('beside a real finding false ones stay rare', () => {
    let all = 0;
    let wrong = 0;
    for (let seed = 0; seed < 150; seed++) {
      const rows = Array.from({ length: 30 }, (_, i) =>
        both(`/${i}`, [20, 380], [i < 3 ? 0.05 : 0.005, 0.005]),
      );
      const names = found(
        drilldown(breakdown(dimension('endpoint', rows, randomOf(seed))), { ...search, G: 0, baselineG: 0 }),
      );
      all += names.length;
      wrong += names.filter((name) => !/=\/[012]$/.test(name)).length;
    }
    expect(all).toBeGreaterThanOrEqual(3 * 150 - 5);
    expect(wrong / all).toBeLessThanOrEqual(0.05);
  });
});
