import { describe, expect, it } from 'vitest';
import type { Breakdown } from '../plans/breakdown.ts';
import { Plan } from '../plans/plan.ts';
import { readBreakdown } from './breakdown.ts';
import { type Ask, QueryRefused, type RawSeries } from './prometheus-api.ts';

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  source: { poll: '10s' },
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'errors', total: 'requests' },
    { name: 'latency', kind: 'latency', histogram: 'seconds' },
    { name: 'basket', kind: 'mean', sum: 'paid', count: 'orders' },
    { name: 'memory', kind: 'gauge', gauge: 'bytes' },
    { name: 'oldest', kind: 'gauge', gauge: 'age', combine: 'max' },
  ],
  stages: [{ name: '5%', percent: 5 }],
});

/** Scraped every 5 s; `value` gives the counter at a second, undefined where it is not exposed. */
function series(
  name: string,
  labels: Record<string, string>,
  value: (second: number) => number | undefined,
): RawSeries {
  const points = Array.from({ length: 4000 }, (_, i) => i * 5 + 2)
    .map((second) => [second, value(second)] as const)
    .filter((point): point is readonly [number, number] => point[1] !== undefined);
  return {
    labels: { __name__: name, job: 'shop', instance: 'a', ...labels },
    times: points.map(([second]) => second * 1000),
    values: points.map(([, at]) => at),
  };
}

/** A server with these series; it answers ranges as Prometheus does and remembers what it was asked. */
function server(all: readonly RawSeries[], refuseAfter = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const ask: Ask = async (query, at) => {
    asked.push(query);
    if (asked.length > refuseAfter) throw new QueryRefused('too many samples');
    const [, name, range] = /^(\w+)\{.*\}\[(\d+)ms\]$/.exec(query) ?? [];
    const found = all
      .filter(({ labels }) => labels['__name__'] === name)
      .map(({ labels, times, values }) => {
        const inside = times.map((time) => time <= at * 1000 && time > at * 1000 - Number(range));
        return {
          labels,
          times: times.filter((_, i) => inside[i]),
          values: values.filter((_, i) => inside[i]),
        };
      })
      .filter(({ times }) => times.length > 0);
    return { series: found, warnings: [], infos: [] };
  };
  return { ask, asked };
}

/** What each value of a label counted in all windows: canary events, canary total, baseline events, baseline total. */
function sums(breakdown: Breakdown, label: string): Record<string, number[]> {
  const dimension = breakdown.dimensions.find((one) => one.label === label);
  return Object.fromEntries(
    (dimension?.values ?? []).map(({ value, windows }) => [
      value,
      windows.reduce(
        (sum, at) => [
          (sum[0] ?? 0) + at.canaryEvents,
          (sum[1] ?? 0) + at.canaryTotal,
          (sum[2] ?? 0) + at.baselineEvents,
          (sum[3] ?? 0) + at.baselineTotal,
        ],
        [0, 0, 0, 0],
      ),
    ]),
  );
}

describe('a breakdown', () => {
  const requests = ['/a', '/b'].flatMap((endpoint) => [
    series('requests', { variant: 'off', endpoint }, (t) => 3 * t),
    series('requests', { variant: 'on', endpoint }, (t) => t),
  ]);

  it('counts each value of each label in both cohorts, also an error series that was born at seven', async () => {
    const { ask } = server([
      ...requests,
      series('errors', { variant: 'off', endpoint: '/a' }, (t) => (t < 150 ? 4 : 5)),
      series('errors', { variant: 'on', endpoint: '/b' }, (t) => (t < 150 ? undefined : 7)),
    ]);
    const breakdown = await readBreakdown(ask, {
      plan,
      metric: 'errors',
      labels: ['endpoint', 'instance', 'region'],
      from: 100,
      to: 200,
    });
    expect(breakdown).toMatchObject({ from: 100, to: 200, used: 10, rejected: 0 });
    expect(sums(breakdown, 'endpoint')).toEqual({ '/a': [0, 100, 1, 300], '/b': [7, 100, 0, 300] });
    expect(sums(breakdown, 'instance')).toEqual({ a: [7, 200, 1, 600] });
    expect(sums(breakdown, 'region')).toEqual({ '': [7, 200, 1, 600] });
  });

  it('leaves out the windows in which a counter was reset, and says how many', async () => {
    const [first, ...others] = requests;
    if (first === undefined) throw new Error('no series');
    const reset = { ...first, values: first.values.map((value, i) => (i < 30 ? value : value - 450)) };
    const { ask } = server([reset, ...others]);
    const { used, rejected } = await readBreakdown(ask, {
      plan,
      metric: 'errors',
      labels: ['endpoint'],
      from: 100,
      to: 200,
    });
    expect([used, rejected]).toEqual([9, 1]);
  });

  it('takes of a latency the requests above the edge', async () => {
    const bucket = (le: string, variant: string, rate: number) =>
      series('seconds_bucket', { variant, endpoint: '/a', le }, (t) => rate * t);
    const { ask } = server([
      bucket('0.1', 'off', 9),
      bucket('+Inf', 'off', 10),
      bucket('0.1', 'on', 1),
      bucket('0.25', 'on', 2),
      bucket('+Inf', 'on', 3),
    ]);
    const breakdown = await readBreakdown(ask, {
      plan,
      metric: 'latency',
      labels: ['endpoint'],
      from: 100,
      to: 150,
      edge: 0.1,
    });
    expect(sums(breakdown, 'endpoint')).toEqual({ '/a': [100, 150, 50, 500] });
  });

  it('of a mean has the sum among the number of its observations, and when each window ended', async () => {
    const of = (variant: string, endpoint: string, orders: number, paid: number) => [
      series('orders', { variant, endpoint }, (t) => orders * t),
      series('paid', { variant, endpoint }, (t) => paid * t),
    ];
    const { ask } = server([...of('off', '/a', 3, 60), ...of('on', '/a', 1, 20), ...of('on', '/b', 1, 5)]);
    const breakdown = await readBreakdown(ask, {
      plan,
      metric: 'basket',
      labels: ['endpoint'],
      from: 100,
      to: 150,
    });
    expect(sums(breakdown, 'endpoint')).toEqual({ '/a': [1000, 50, 3000, 150], '/b': [250, 50, 0, 0] });
    expect(breakdown.times).toEqual([150, 140, 130, 120, 110]);
  });

  it('of a gauge has the values at the ends of the windows, among how many series', async () => {
    const of = (name: string, variant: string, pod: string, value: (t: number) => number | undefined) =>
      series(name, { variant, instance: pod, endpoint: '/a', shard: pod }, value);
    const gauges = (name: string) => [
      of(name, 'off', 'b1', () => 10),
      of(name, 'off', 'b2', (t) => (t < 130 ? 30 : undefined)),
      of(name, 'on', 'c1', (t) => t),
      of(name, 'on', 'c2', () => 7),
    ];
    const { ask } = server([...gauges('bytes'), ...gauges('age')]);
    const request = { plan, labels: ['endpoint', 'shard'], from: 100, to: 120 };
    const memory = await readBreakdown(ask, { ...request, metric: 'memory' });
    // Scraped at 117 and 107 seconds.
    expect(sums(memory, 'endpoint')).toEqual({ '/a': [238, 4, 80, 4] });
    expect(sums(memory, 'shard')).toEqual({
      b1: [0, 0, 20, 2],
      b2: [0, 0, 60, 2],
      c1: [224, 2, 0, 0],
      c2: [14, 2, 0, 0],
    });
    const oldest = await readBreakdown(ask, { ...request, metric: 'oldest' });
    expect(sums(oldest, 'endpoint')).toEqual({ '/a': [224, 2, 60, 2] });
    const gone = await readBreakdown(ask, { ...request, metric: 'oldest', from: 200, to: 210 });
    expect(sums(gone, 'endpoint')).toEqual({ '/a': [207, 1, 10, 1] });
    const wrong = server([of('bytes', 'on', 'c1', () => Number.NaN), of('bytes', 'off', 'b1', () => 1)]);
    expect(await readBreakdown(wrong.ask, { ...request, metric: 'memory' })).toMatchObject({
      used: 0,
      rejected: 2,
    });
  });

  it('tells the hundred busiest values apart and keeps the rest as one', async () => {
    const many = Array.from({ length: 130 }, (_, i) =>
      series(
        'requests',
        { variant: i % 2 === 0 ? 'on' : 'off', endpoint: `/${i}` },
        (t) => (1 + (i % 7)) * t,
      ),
    );
    const { ask } = server(many);
    const breakdown = await readBreakdown(ask, {
      plan,
      metric: 'errors',
      labels: ['endpoint', 'instance'],
      from: 100,
      to: 150,
    });
    const values = sums(breakdown, 'endpoint');
    expect(Object.keys(values)).toHaveLength(100);
    const whole = Object.values(values).reduce(
      (sum, one) => sum.map((at, i) => at + (one[i] ?? 0)),
      [0, 0, 0, 0],
    );
    expect({ a: whole }).toEqual(sums(breakdown, 'instance'));
    expect(values['(others)']?.[1]).toBeGreaterThan(0);
  });

  it('asks a bounded number of queries, and keeps the newest part of a span that is too long', async () => {
    const { ask, asked } = server(requests);
    const day = await readBreakdown(ask, {
      plan,
      metric: 'errors',
      labels: ['endpoint'],
      from: 0,
      to: 19_000,
    });
    expect(asked).toHaveLength(2 * 8);
    expect(day).toMatchObject({ from: 9_400, to: 19_000, used: 960 });
  });

  it('stops where the server refuses to go further back, and says so', async () => {
    const { ask } = server(requests, 2);
    const part = await readBreakdown(ask, {
      plan,
      metric: 'errors',
      labels: ['endpoint'],
      from: 0,
      to: 5_000,
    });
    expect(part).toMatchObject({ from: 3_800, note: expect.stringContaining('too many samples') });
    await expect(
      readBreakdown(server(requests, 0).ask, { plan, metric: 'errors', labels: [], from: 0, to: 100 }),
    ).rejects.toThrow(QueryRefused);
  });
});
