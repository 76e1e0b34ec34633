import { expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import { nativeSample } from './native-histogram.ts';
import type { Ask, RawSeries } from './prometheus-api.ts';
import { readRecording } from './recording.ts';

const POLL = 10;
const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  source: { poll: `${POLL}s` },
  metrics: [{ name: 'p95', kind: 'latency', histogram: 'seconds' }],
  stages: [{ name: '5%', percent: 5 }],
});
const FROM = 1_000_000;

/** Processes whose histograms were exposed as classic buckets, as a native one, or both, from and to a moment. */
function pastOf(shown: { classic: [number, number]; native: [number, number] }): Ask {
  const scrapes = Array.from({ length: 40 }, (_, i) => FROM - 30 + i * 5);
  const countAt = (time: number) => 10 * (time - FROM + 100);
  const within = ([from, to]: [number, number]) =>
    scrapes.filter((time) => time >= from && time <= to).map((time) => ({ time, count: countAt(time) }));
  const labels = (variant: string) => ({ instance: variant, variant });
  const classic = (variant: string): RawSeries[] =>
    ['0.1', '0.3', '+Inf'].map((le, i) => ({
      labels: { __name__: 'seconds_bucket', le, ...labels(variant) },
      times: within(shown.classic).map(({ time }) => time * 1000),
      values: within(shown.classic).map(({ count }) => (count * (i + 1)) / 3),
    }));
  const native = (variant: string): RawSeries => ({
    labels: { __name__: 'seconds', ...labels(variant) },
    times: within(shown.native).map(({ time }) => time * 1000),
    values: within(shown.native).map(({ count }) => count),
    natives: within(shown.native).map(({ count }) => nativeSample(count, [[0.125, 0.25, count]])),
  });
  return async (query) => ({
    series: ['off', 'on'].flatMap((variant) =>
      query.includes('seconds_bucket') ? classic(variant) : [native(variant)],
    ),
    warnings: [],
    infos: [],
  });
}

async function edgesOf(ask: Ask): Promise<string[]> {
  const edges: string[] = [];
  for await (const windows of readRecording(ask, { plan, from: FROM, until: FROM + 120 }))
    for (const window of windows)
      if (window.kind === 'sample')
        edges.push((window.sample.baseline.histograms['p95'] ?? []).map(([edge]) => edge).join());
  return edges;
}

const ALWAYS: [number, number] = [0, Number.POSITIVE_INFINITY];

it('a native histogram that comes to be exposed beside classic buckets does not change the edges of a past', async () => {
  const edges = await edgesOf(pastOf({ classic: ALWAYS, native: [FROM + 45, Number.POSITIVE_INFINITY] }));
  expect(edges).toHaveLength(12);
  expect(new Set(edges)).toEqual(new Set(['0.1,0.3,+Inf']));
});

it('nor do classic buckets that come beside a native one, or end', async () => {
  for (const classic of [
    [FROM + 45, Number.POSITIVE_INFINITY],
    [0, FROM + 45],
  ] as [number, number][]) {
    const edges = await edgesOf(pastOf({ classic, native: ALWAYS }));
    // The window in which a process stops to expose a series may be none.
    expect(edges.length).toBeGreaterThanOrEqual(11);
    expect(new Set(edges).size).toBe(1);
    expect(edges[0]).not.toContain('0.3');
  }
});

it('once what was chosen is no longer exposed, what there is is read', async () => {
  const edges = await edgesOf(
    pastOf({ classic: [0, FROM + 60], native: [FROM + 30, Number.POSITIVE_INFINITY] }),
  );
  expect(edges[0]).toBe('0.1,0.3,+Inf');
  expect(edges.at(-1)).not.toBe('0.1,0.3,+Inf');
});
