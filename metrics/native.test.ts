import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import type { Buckets } from '../plans/sample.ts';
import { readBreakdown } from './breakdown.ts';
import { nativeEdges } from './native-edges.ts';
import { hasShrunk, knows, type NativeSample, nativeSample } from './native-histogram.ts';
import type { Cohort, Role } from './plan-queries.ts';
import type { Ask } from './prometheus-api.ts';
import { checkQueries } from './prometheus-check.ts';
import { type CohortSeries, seriesText } from './series.ts';
import { windowSample } from './window-sample.ts';

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  source: { poll: '10s' },
  metrics: [{ name: 'p95', kind: 'latency', histogram: 'seconds' }],
  stages: [{ name: '5%', percent: 5 }],
});

/** Counts by index of the bucket whose upper edge is 2^(index / 2^schema), as the API lists them. */
function native(counts: Record<string, number>, schema = 0): NativeSample {
  const edge = (index: number) => 2 ** (index / 2 ** schema);
  return nativeSample(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    Object.entries(counts).map(([index, count]) => [edge(Number(index) - 1), edge(Number(index)), count]),
  );
}

const WINDOW = { from: 100_000, to: 110_000 };

interface Of {
  instance: string;
  cohort: Cohort;
}
const seriesOf = (role: Role, { instance, cohort }: Of, more: Record<string, string> = {}) => {
  const labels = { __name__: role === 'native' ? 'seconds' : 'seconds_bucket', instance, ...more };
  const id = `${seriesText(labels)} ${cohort}`;
  return { id, labels, metric: 'p95', role, cohort, target: instance, replica: instance };
};
/** What a process shows at scrapes at 95, 100, 105 and 110 s; null: nothing. */
function nativeSeries(of: Of, samples: readonly (NativeSample | null)[]): CohortSeries {
  const shown = samples.flatMap((sample, i) =>
    sample === null ? [] : [{ time: 95_000 + i * 5000, sample }],
  );
  return {
    ...seriesOf('native', of),
    times: shown.map(({ time }) => time),
    values: shown.map(({ sample }) => sample.count),
    natives: shown.map(({ sample }) => sample),
  };
}
function classicSeries(of: Of, growth: Record<string, number>): CohortSeries[] {
  return Object.entries(growth).map(([le, grown]) => ({
    ...seriesOf('buckets', of, { le }),
    times: [95_000, 100_000, 105_000, 110_000],
    values: [1000, 1000, 1000 + grown, 1000 + grown],
  }));
}
function histograms(
  series: CohortSeries[],
  edges: readonly number[] = [],
): Record<Cohort, Buckets | undefined> {
  const result = windowSample({ plan, stage: '5%', t: 10, window: WINDOW, series, edges: { p95: edges } });
  if (result.kind === 'rejected') throw new Error(JSON.stringify(result.rejections));
  const { baseline, canary } = result.sample;
  return { baseline: baseline.histograms['p95'], canary: canary.histograms['p95'] };
}

const a: Of = { instance: 'a', cohort: 'baseline' };
const b: Of = { instance: 'b', cohort: 'canary' };
const steady = (before: NativeSample, after: NativeSample) => [before, before, after, after];
const grown = steady(native({ '-3': 4, '-1': 5 }), native({ '-3': 6, '-1': 8, '1': 1 }));
const edgesOf = (buckets: Buckets | undefined) => buckets?.map(([edge]) => edge);

describe('classic and native histograms of one name', () => {
  const classic = { '0.1': 1, '0.5': 2, '1': 5, '+Inf': 6 };

  it('are counted once, and as native ones where all processes have them', () => {
    const { baseline, canary } = histograms([
      nativeSeries(a, grown),
      nativeSeries(b, grown),
      ...classicSeries(a, classic),
      ...classicSeries(b, classic),
    ]);
    expect(baseline).toEqual(canary);
    expect(baseline).toEqual([
      [0.0625, 0],
      [0.125, 2],
      [0.25, 2],
      [0.5, 5],
      [1, 5],
      [2, 6],
      ['+Inf', 6],
    ]);
  });

  it('are classic ones as long as one process has no other', () => {
    const { baseline } = histograms([
      nativeSeries(a, grown),
      ...classicSeries(a, classic),
      ...classicSeries(b, classic),
    ]);
    expect(baseline).toEqual([
      [0.1, 1],
      [0.5, 2],
      [1, 5],
      ['+Inf', 6],
    ]);
  });

  it('are classic ones while edges under test are theirs alone', () => {
    const all = [
      nativeSeries(a, grown),
      nativeSeries(b, grown),
      ...classicSeries(a, classic),
      ...classicSeries(b, classic),
    ];
    expect(edgesOf(histograms(all, [0.1]).baseline)).toEqual([0.1, 0.5, 1, '+Inf']);
    expect(edgesOf(histograms(all, [0.5]).baseline)).toContain(0.25);
  });

  it('of which the native one is switched on are not all of its past', () => {
    const late = nativeSeries(a, [null, null, native({ '1': 9999 }), native({ '1': 10_001 })]);
    const { baseline } = histograms([late, ...classicSeries(a, classic), ...classicSeries(b, classic)]);
    expect(baseline?.at(-1)).toEqual(['+Inf', 6]);
  });

  it('share the edges of both where each cohort has one kind', () => {
    const { baseline, canary } = histograms([...classicSeries(a, classic), nativeSeries(b, grown)]);
    expect(edgesOf(baseline)).toEqual([0.1, 0.5, 1, '+Inf']);
    expect(canary).toContainEqual([0.5, 5]);
    expect(edgesOf(canary)).not.toContain(0.1);
  });
});

describe('the check of a latency', () => {
  const found = async (names: readonly string[]) => {
    const labels = { instance: 'a', variant: 'off' };
    const ask: Ask = async (query) => {
      const name = names.find((one) => query.startsWith(`${one}{`));
      const base = { labels: { __name__: name ?? '', ...labels }, times: [95_000, 105_000], values: [4, 5] };
      const natives = name === 'seconds' ? { natives: [native({ '0': 4 }), native({ '0': 5 })] } : {};
      return { series: name === undefined ? [] : [{ ...base, ...natives }], warnings: [], infos: [] };
    };
    return (await checkQueries(ask, { plan, at: 110 })).map(({ kind, detail }) => `${kind}: ${detail}`);
  };

  it('takes either, and says which one is used', async () => {
    expect(await found(['seconds_bucket'])).toEqual(['uses: is read from classic buckets']);
    expect(await found(['seconds'])).toEqual(['uses: is read from a native histogram']);
    expect(await found(['seconds', 'seconds_bucket'])).toEqual([
      'uses: is read from a native histogram, where all processes expose one; from its classic buckets otherwise',
    ]);
  });

  it('says once that there is neither', async () => {
    expect(await found([])).toEqual(['no-baseline: no series of the baseline cohort in the last 100 s']);
  });
});

describe('where a native histogram moved', () => {
  it('is broken down at an edge that it knows', async () => {
    const ask: Ask = async (query) => {
      const series = ['off', 'on'].map((variant) => ({
        labels: { __name__: 'seconds', instance: variant, variant, path: '/' },
        times: [95_000, 100_000, 105_000, 110_000],
        values: [9, 9, 15, 15],
        natives: grown,
      }));
      return { series: query.startsWith('seconds{') ? series : [], warnings: [], infos: [] };
    };
    const request = { plan, metric: 'p95', labels: ['path'], from: 100, to: 110 };
    const at = async (edge: number) =>
      (await readBreakdown(ask, { ...request, edge })).dimensions[0]?.values[0]?.windows[0];
    const counts = { canaryEvents: 4, canaryTotal: 6, baselineEvents: 4, baselineTotal: 6 };
    expect(await at(0.25)).toEqual(counts);
    expect(await at(0.3)).toBeUndefined();
  });
});

describe('one native histogram', () => {
  it('that holds less in a bucket has begun again, though its count has grown', () => {
    const before = native({ '0': 5, '2': 5 });
    expect(hasShrunk(before, native({ '0': 4, '2': 50 }))).toBe(true);
    expect(hasShrunk(before, native({ '0': 5, '1': 1, '2': 5 }))).toBe(false);
    const reset = steady(before, native({ '0': 4, '2': 50 }));
    expect(() => histograms([nativeSeries(a, reset), nativeSeries(b, grown)])).toThrow('"kind":"reset"');
  });

  it('that becomes coarser has not begun again, and is counted at the coarser edges', () => {
    const fine = native({ '1': 2, '2': 3, '3': 4 }, 1);
    const coarse = native({ '1': 6, '2': 5 }, 0);
    expect(hasShrunk(fine, coarse)).toBe(false);
    expect(hasShrunk(fine, native({ '1': 4, '2': 50 }, 0))).toBe(true);
    const { baseline } = histograms([nativeSeries(a, steady(fine, coarse)), nativeSeries(b, grown)]);
    expect(baseline?.filter(([edge]) => edge !== '+Inf' && edge >= 1)).toEqual([
      [1, 0],
      [2, 1],
      [4, 2],
    ]);
    expect(baseline?.at(-1)).toEqual(['+Inf', 2]);
  });

  it('knows its edges, and no other because nothing happens to lie around it', () => {
    const coarse = native({ '1': 4 }, 0);
    expect(knows(coarse, 4)).toBe(true);
    expect(knows(coarse, 2 ** 2.5)).toBe(false);
    const custom = nativeSample(9, [
      [0.1, 0.25, 4],
      [1, 3, 5],
    ]);
    expect(custom.schema).toBe('custom');
    expect([knows(custom, 0.25), knows(custom, 1), knows(custom, 0.2), knows(custom, 2)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const zeros = nativeSample(5, [[-0.001, 0.001, 5]]);
    expect([zeros.schema, knows(zeros, 0.0005), knows(zeros, 0.001)]).toEqual([null, false, true]);
  });

  it('with times that are no number counts them as slow', () => {
    const nan = { ...native({ '0': 3 }), count: 5 };
    const { baseline } = histograms([nativeSeries(a, steady(native({}), nan)), nativeSeries(b, grown)]);
    expect(baseline?.find(([edge]) => edge === 1)).toEqual([1, 3]);
    expect(baseline?.at(-1)).toEqual(['+Inf', 5]);
  });
});

describe('the edges of a sample', () => {
  const counts = fc.dictionary(
    fc.integer({ min: -160, max: 80 }).map(String),
    fc.integer({ min: 1, max: 9 }),
    {
      maxKeys: 60,
    },
  );
  const growth = fc
    .tuple(counts, fc.integer({ min: 0, max: 5 }))
    .map(([held, schema]) => ({ before: null, after: native(held, schema) }));

  it('are at most 60 and those under test, and every histogram knows them', () => {
    fc.assert(
      fc.property(
        fc.array(growth, { maxLength: 4 }),
        fc.double({ min: 0, max: 9, noNaN: true }),
        (all, wanted) => {
          const edges = nativeEdges(all, { range: all, wanted: [1, wanted] });
          expect(edges.length).toBeLessThanOrEqual(62);
          expect(edges).toContain(1);
          expect([...edges].sort((x, y) => x - y)).toEqual(edges);
          for (const { after } of all) for (const edge of edges) expect(knows(after, edge)).toBe(true);
        },
      ),
    );
  });

  it('stay where they are when more is seen in the same resolution', () => {
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 2, max: 5 }), (one, more, schema) => {
        const of = (held: Record<string, number>) => [{ before: null, after: native(held, schema) }];
        const earlier = nativeEdges(of(one), { range: of(one), wanted: [] });
        const later = nativeEdges(of({ ...one, ...more }), { range: of({ ...one, ...more }), wanted: [] });
        const lowest = later[0] ?? 0;
        const inner = earlier.slice(1, -1).filter((edge) => edge > lowest);
        expect(later).toEqual(expect.arrayContaining(inner));
      }),
    );
  });
});
