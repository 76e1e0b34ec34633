import { describe, expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import { cohortQueries } from './plan-queries.ts';
import { cohortSeries } from './series.ts';
import { type WindowSample, windowSample } from './window-sample.ts';

/** Seconds and values of one series; both cohorts are told apart by `variant`. */
interface Line {
  name: string;
  labels: Record<string, string>;
  points: readonly (readonly [second: number, value: number])[];
}

const STEP = 10;

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  source: { poll: '10s' },
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'errors', total: 'requests' },
    { name: 'latency', kind: 'latency', histogram: 'seconds' },
  ],
  stages: [
    { name: '5%', percent: 5 },
    { name: '100%', percent: 100 },
  ],
});
const ratioOnly = Plan.parse({
  ...raw(plan),
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'errors', total: 'requests' }],
});

function raw(parsed: Plan): Record<string, unknown> {
  const { metadata, flag, stages } = parsed;
  return {
    metadata,
    flag,
    stages: stages.map(({ name, percent }) => ({ name, percent })),
    source: { poll: '10s' },
  };
}

/** The window (from, from + 10 s] of what Prometheus would hold. */
function read(
  lines: readonly Line[],
  from: number,
  using: { plan?: Plan; stage?: string } = {},
): WindowSample {
  const { plan: of = ratioOnly, stage = '5%' } = using;
  const window = { from: from * 1000, to: (from + STEP) * 1000 };
  const series = cohortQueries(of).queries.flatMap((query) => {
    const name = query.selector.slice(0, query.selector.indexOf('{'));
    const matching = lines.filter((line) => line.name === name);
    const answer = matching.map(({ labels, points }) => ({
      labels: { __name__: name, job: 'shop', instance: 'a', ...labels },
      times: points.map(([second]) => second * 1000),
      values: points.map(([, value]) => value),
    }));
    return cohortSeries(
      { plan: of, query, after: (from - 2 * STEP) * 1000, until: window.to },
      { series: answer, warnings: [], infos: [] },
    );
  });
  return windowSample({ plan: of, stage, t: from + STEP, window, series });
}

/** A counter that grows by `rate` per second, scraped every 5 s at 2, 7, 12 ... */
function growing(rate: number, until = 100, since = 0): (readonly [number, number])[] {
  const points: (readonly [number, number])[] = [];
  for (let second = 2; second <= until; second += 5)
    if (second >= since) points.push([second, second * rate]);
  return points;
}

const off = (points: Line['points'], labels = {}): Line => ({
  name: 'requests',
  labels: { variant: 'off', ...labels },
  points,
});
const on = (points: Line['points'], labels = {}): Line => ({
  name: 'requests',
  labels: { variant: 'on', ...labels },
  points,
});
const bad = (variant: string, points: Line['points'], labels = {}): Line => ({
  name: 'errors',
  labels: { variant, ...labels },
  points,
});

function sampleOf(result: WindowSample) {
  if (result.kind !== 'sample') throw new Error(`rejected: ${JSON.stringify(result.rejections)}`);
  return result.sample;
}

function kinds(result: WindowSample): string[] {
  return result.kind === 'sample' ? [] : result.rejections.map(({ kind }) => kind);
}

describe('one window of counters', () => {
  it('takes the newest scrape at each end and adds up over adjoining windows to the whole', () => {
    const lines = [off(growing(3)), on(growing(1))];
    let total = 0;
    for (let from = 20; from < 90; from += STEP) total += sampleOf(read(lines, from)).baseline.requests;
    expect(total).toBe(87 * 3 - 17 * 3);
  });

  it('counts seven for an error series born at seven on a target that was scraped before', () => {
    const lines = [
      off(growing(3)),
      on(growing(1)),
      bad('on', [
        [37, 7],
        [42, 8],
        [47, 8],
      ]),
    ];
    expect(sampleOf(read(lines, 20)).canary.ratios['errors']).toEqual({ events: 0, total: 10 });
    expect(sampleOf(read(lines, 30)).canary.ratios['errors']).toEqual({ events: 7, total: 10 });
    expect(sampleOf(read(lines, 40)).canary.ratios['errors']?.events).toBe(1);
  });

  it('counts the canary from its first request when its label appears on a running process', () => {
    const lines = [
      off(growing(3)),
      on([
        [37, 4],
        [42, 9],
        [47, 12],
      ]),
    ];
    expect(read(lines, 20)).toEqual({
      kind: 'rejected',
      rejections: [{ kind: 'no-canary', metric: 'errors' }],
    });
    expect(sampleOf(read(lines, 30)).canary.requests).toBe(4);
    expect(sampleOf(read(lines, 40)).canary.requests).toBe(8);
  });

  it('is a valid sample of zeros when nobody called', () => {
    const idle: Line['points'] = growing(1).map(([second]) => [second, 50] as const);
    expect(sampleOf(read([off(idle), on(idle)], 40)).baseline).toEqual({
      requests: 0,
      ratios: { errors: { events: 0, total: 0 } },
      histograms: {},
    });
  });

  it('takes good events as they are', () => {
    const conversion = Plan.parse({
      ...raw(plan),
      metrics: [{ name: 'conversion', kind: 'ratio', good: 'orders', total: 'requests' }],
    });
    const orders = (variant: string): Line => ({ name: 'orders', labels: { variant }, points: growing(0.5) });
    const result = read([off(growing(3)), on(growing(1)), orders('off'), orders('on')], 40, {
      plan: conversion,
    });
    expect(sampleOf(result).canary.ratios['conversion']).toEqual({ events: 5, total: 10 });
  });

  it('does not ask for a baseline once everyone has the canary', () => {
    const lines = [on(growing(1))];
    expect(kinds(read(lines, 40))).toEqual(['no-baseline']);
    const { baseline, canary } = sampleOf(read(lines, 40, { stage: '100%' }));
    expect([baseline.requests, canary.requests]).toEqual([0, 10]);
  });

  it('gives the same numbers when it is read again, in whatever order the series come', () => {
    const tenths = ['a', 'b', 'c', 'd'].flatMap((instance, index) => [
      off(growing(0.1 + index * 0.7), { instance }),
      on(growing(0.3 + index / 3), { instance }),
    ]);
    expect(read([...tenths].reverse(), 40)).toEqual(read(tenths, 40));
  });
});

describe('what rejects a window', () => {
  it('a restarted target, once', () => {
    const restarted: Line['points'] = growing(3).map(([second, value]) => [
      second,
      second < 35 ? value : value - 100,
    ]);
    const lines = [off(restarted), on(growing(1)), bad('off', growing(0.1, 34))];
    const result = [20, 30, 40, 50].map((from) => kinds(read(lines, from)));
    expect(result).toEqual([[], ['reset'], [], []]);
    expect(read(lines, 30)).toMatchObject({
      rejections: [
        { kind: 'reset', metric: 'errors', series: 'requests{instance="a",job="shop",variant="off"}' },
      ],
    });
  });

  it('a target that goes away for good: the window in which it went, none later', () => {
    const pod = { instance: 'b' };
    const lines = [
      off(growing(3)),
      on(growing(1)),
      off(growing(3, 44), pod),
      on(growing(1, 44), pod),
      bad('on', growing(0.1, 44), pod),
    ];
    const result = [20, 30, 40, 50, 60, 70, 80].map((from) => kinds(read(lines, from)));
    expect(result).toEqual([[], [], [], ['gap'], [], [], []]);
    expect(sampleOf(read(lines, 60)).baseline.requests).toBe(30);
  });

  it('the window in which a target went and the one in which it came back', () => {
    const away: Line['points'] = growing(3).filter(([second]) => second < 35 || second > 48);
    const lines = [off(away), on(growing(1), { instance: 'b' })];
    const result = [20, 30, 40, 50, 60].map((from) => kinds(read(lines, from)));
    expect(result).toEqual([[], [], ['gap'], ['gap'], []]);
  });

  it('a target seen for the first time is left out of its first window and counted from then on', () => {
    const born = { instance: 'b' };
    const lines = [
      off(growing(3)),
      on(growing(1)),
      on(
        growing(1, 100, 35).map(([second, value]) => [second, value + 5000]),
        born,
      ),
    ];
    expect([30, 40].map((from) => sampleOf(read(lines, from)).canary.requests)).toEqual([10, 20]);
  });

  it('a cohort of which nothing but new targets is known', () => {
    expect(kinds(read([off(growing(3)), on(growing(1, 100, 35), { instance: 'b' })], 30))).toEqual(['gap']);
  });

  it('both cohorts dead: a gap first, then no data, never zeros', () => {
    const lines = [off(growing(3, 34)), on(growing(1, 34))];
    expect([30, 40, 50, 60].map((from) => kinds(read(lines, from)))).toEqual([
      [],
      ['gap'],
      ['no-baseline', 'no-canary'],
      ['no-baseline', 'no-canary'],
    ]);
  });

  it('more events than trials, and what is no number', () => {
    expect(kinds(read([off(growing(3)), on(growing(1)), bad('on', growing(2))], 40))).toEqual(['invalid']);
    expect(
      kinds(read([off(growing(3)), on(growing(1).map(([second]) => [second, Number.NaN]))], 40)),
    ).toEqual(['invalid']);
    expect(kinds(read([off(growing(3)), on(growing(1).map(([second]) => [second, -second]))], 40))).toEqual([
      'invalid',
    ]);
  });

  it('a series that its process stops exposing, as its last counts are lost', () => {
    const lines = [off(growing(3)), on(growing(1)), bad('on', growing(0.1, 34))];
    expect([20, 30, 40].map((from) => kinds(read(lines, from)))).toEqual([[], ['gap'], []]);
  });

  it('a series that its process stops exposing for a moment: what comes back was counted before', () => {
    const away: Line['points'] = growing(3).filter(([second]) => second < 35 || second > 42);
    const lines = [off(growing(3)), on(growing(1)), bad('off', away)];
    const result = [20, 30, 40, 50].map((from) => kinds(read(lines, from)));
    expect(result).toEqual([[], ['gap'], ['gap'], []]);
    expect(read(lines, 40)).toMatchObject({
      rejections: [{ kind: 'gap', series: 'errors{instance="a",job="shop",variant="off"} returned' }],
    });
  });

  it('not the series of errors that a restarted process shows again from its first error', () => {
    const again: Line['points'] = [...growing(0.2, 34), [42, 2], [47, 3], [52, 3], [57, 4]];
    const restarted: Line['points'] = growing(3).map(([second, value]) => [
      second,
      second < 35 ? value : value - 100,
    ]);
    const lines = [off(growing(3)), on(restarted), bad('on', again)];
    expect([20, 30, 40, 50].map((from) => kinds(read(lines, from)))).toEqual([[], ['reset'], [], []]);
    expect(sampleOf(read(lines, 40)).canary.ratios['errors']?.events).toBe(3);
  });

  it('not a scrape that comes a little late', () => {
    const late: Line['points'] = [
      [18, 54],
      [29.99, 90],
      [40.01, 120],
      [50, 150],
      [60, 180],
    ];
    const lines = [off(late), on(growing(1), { instance: 'b' })];
    const requests = [30, 40, 50].map((from) => sampleOf(read(lines, from)).baseline.requests);
    expect(requests).toEqual([0, 60, 30]);
  });
});

describe('a fleet in which instances come and go', () => {
  const fleet = (size: number, leaving: number): Line[] =>
    Array.from({ length: size }, (_, index) => {
      const until = index < leaving ? 44 : 100;
      const instance = `pod-${index}`;
      return [off(growing(3, until), { instance }), on(growing(1, until), { instance })];
    }).flat();

  it('leaves one of twenty out with all its metrics and says so', () => {
    const result = read(fleet(20, 1), 50);
    expect(sampleOf(result).canary.requests).toBe(190);
    expect(result).toMatchObject({ notes: [expect.stringContaining('pod-0')] });
  });

  it('does not do without two of twenty, or one of ten', () => {
    expect(kinds(read(fleet(20, 2), 50))).toEqual(['gap', 'gap']);
    expect(kinds(read(fleet(10, 1), 50))).toEqual(['gap']);
  });
});

describe('histograms', () => {
  const buckets = (variant: string, rates: Record<string, number>, instance = 'a'): Line[] =>
    Object.entries(rates).map(([le, rate]) => ({
      name: 'seconds_bucket',
      labels: { variant, le, instance },
      points: growing(rate),
    }));
  const requests = [off(growing(3)), on(growing(1)), off(growing(3), { instance: 'b' })];

  it('are added up over instances by bucket edge', () => {
    const lines = [
      ...requests,
      ...buckets('off', { '0.1': 1, '0.5': 2, '+Inf': 3 }),
      ...buckets('off', { '0.1': 2, '0.5': 2, '+Inf': 3 }, 'b'),
      ...buckets('on', { '0.1': 1, '0.5': 1, '+Inf': 1 }),
    ];
    const { baseline, canary } = sampleOf(read(lines, 40, { plan }));
    expect(baseline.histograms['latency']).toEqual([
      [0.1, 30],
      [0.5, 40],
      ['+Inf', 60],
    ]);
    expect(canary.histograms['latency']).toEqual([
      [0.1, 10],
      [0.5, 10],
      ['+Inf', 10],
    ]);
  });

  it('have the edges of their cohort: what the cohorts share is for the analysis to find', () => {
    const lines = [
      ...requests,
      ...buckets('off', { '0.1': 1, '0.25': 2, '+Inf': 3 }),
      ...buckets('on', { '0.25': 1, '0.5': 1, '+Inf': 1 }),
    ];
    const { baseline, canary } = sampleOf(read(lines, 40, { plan }));
    expect(baseline.histograms['latency']).toEqual([
      [0.1, 10],
      [0.25, 20],
      ['+Inf', 30],
    ]);
    expect(canary.histograms['latency']).toEqual([
      [0.25, 10],
      [0.5, 10],
      ['+Inf', 10],
    ]);
    expect([baseline.uncommon, canary.uncommon]).toEqual([undefined, undefined]);
  });

  it('of processes that differ are added up at the edges that all of them have, and the others are named', () => {
    const lines = [
      ...requests,
      ...buckets('off', { '0.1': 1, '0.25': 2, '+Inf': 3 }),
      ...buckets('off', { '0.2': 1, '0.25': 2, '+Inf': 3 }, 'b'),
      ...buckets('on', { '0.1': 1, '+Inf': 1 }),
    ];
    const { baseline } = sampleOf(read(lines, 40, { plan }));
    expect(baseline.histograms['latency']).toEqual([
      [0.25, 40],
      ['+Inf', 60],
    ]);
    expect(baseline.uncommon).toEqual({ latency: [0.1, 0.2] });
  });

  it('of processes without a common edge leave the other metrics their evidence', () => {
    const lines = [
      ...requests,
      ...buckets('off', { '0.1': 1, '+Inf': 3 }),
      ...buckets('off', { '0.5': 1, '+Inf': 3 }, 'b'),
      ...buckets('on', { '0.5': 1, '+Inf': 1 }),
    ];
    const { baseline } = sampleOf(read(lines, 40, { plan }));
    expect(baseline).toMatchObject({
      ratios: { errors: { total: 60 } },
      histograms: { latency: [['+Inf', 60]] },
      uncommon: { latency: [0.1, 0.5] },
    });
  });

  it('of a cohort in which nobody is any more are zeros', () => {
    const lines = [on(growing(1)), ...buckets('on', { '0.5': 1, '+Inf': 1 })];
    expect(sampleOf(read(lines, 40, { plan, stage: '100%' })).baseline.histograms['latency']).toEqual([
      [0.5, 0],
      ['+Inf', 0],
    ]);
  });

  it('that contradict themselves, or lack the bucket of all, are no evidence', () => {
    const of = (rates: Record<string, number>) =>
      kinds(
        read([...requests, ...buckets('off', rates), ...buckets('on', { '0.1': 1, '+Inf': 1 })], 40, {
          plan,
        }),
      );
    expect(of({ '0.1': 3, '+Inf': 2 })).toEqual(['invalid']);
    expect(of({ '0.1': 1, '0.5': 2 })).toEqual(['invalid']);
  });

  it('give the requests of a plan that has no ratio', () => {
    const latencyOnly = Plan.parse({
      ...raw(plan),
      metrics: [{ name: 'latency', kind: 'latency', histogram: 'seconds' }],
    });
    const lines = [...buckets('off', { '0.1': 1, '+Inf': 3 }), ...buckets('on', { '0.1': 1, '+Inf': 1 })];
    expect(sampleOf(read(lines, 40, { plan: latencyOnly })).baseline.requests).toBe(30);
  });
});

describe('halves and users', () => {
  it('splits the baseline by instance, the same way every time, and adds up to it', () => {
    const lines = ['a', 'b', 'c', 'd', 'e'].map((instance, index) => off(growing(1 + index), { instance }));
    const first = sampleOf(read([...lines, on(growing(1))], 40));
    const second = sampleOf(read([...lines, on(growing(1))], 50));
    expect(first.halves?.map(({ requests }) => requests)).toEqual(
      second.halves?.map(({ requests }) => requests),
    );
    expect((first.halves?.[0].requests ?? 0) + (first.halves?.[1].requests ?? 0)).toBe(
      first.baseline.requests,
    );
    expect(first.halves?.every(({ requests }) => requests > 0)).toBe(true);
  });

  it('splits two instances, and one not at all', () => {
    for (const pair of [
      ['a', 'b'],
      ['10.0.0.1:80', '10.0.0.2:80'],
      ['x', 'y'],
    ]) {
      const lines = [on(growing(1)), ...pair.map((instance) => off(growing(2), { instance }))];
      expect(sampleOf(read(lines, 40)).halves?.map(({ requests }) => requests)).toEqual([20, 20]);
    }
    expect(sampleOf(read([off(growing(3)), on(growing(1))], 40)).halves).toBeUndefined();
  });

  it('splits the canary too, and counts the instances of both cohorts', () => {
    const lines = [
      off(growing(1), { instance: 'a' }),
      off(growing(1), { instance: 'b' }),
      ...['c', 'd', 'e'].map((instance, index) => on(growing(1 + index), { instance })),
    ];
    const first = sampleOf(read(lines, 40));
    expect(first.instances).toEqual({ baseline: 2, canary: 3 });
    const [one, two] = (first.canaryHalves ?? []).map(({ requests }) => requests);
    expect((one ?? 0) + (two ?? 0)).toBe(first.canary.requests);
    expect(Math.min(one ?? 0, two ?? 0)).toBeGreaterThan(0);
    expect(sampleOf(read(lines, 50)).canaryHalves?.map(({ requests }) => requests)).toEqual([one, two]);
    // One instance has no halves; one that came in this window is counted from the next one on.
    const single = sampleOf(read(lines.slice(0, 3), 40));
    expect(single.canaryHalves).toBeUndefined();
    expect(single.instances).toEqual({ baseline: 2, canary: 1 });
    const newer = sampleOf(read([...lines.slice(0, 3), on(growing(1, 100, 43), { instance: 'z' })], 40));
    expect(newer.instances).toEqual({ baseline: 2, canary: 1 });
  });

  it('takes as users what the replica that saw most has seen', () => {
    const withUsers = Plan.parse({
      ...raw(ratioOnly),
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'errors', total: 'requests' }],
      source: { poll: '10s', users: 'users' },
    });
    const users = (instance: string, region: string, value: number): Line => ({
      name: 'users',
      labels: { variant: 'on', instance, region },
      points: growing(1).map(([second]) => [second, value]),
    });
    const lines = [
      off(growing(3)),
      on(growing(1)),
      off(growing(3), { instance: 'b' }),
      users('a', 'eu', 30),
      users('a', 'us', 20),
      users('b', 'eu', 40),
    ];
    const { baseline, canary } = sampleOf(read(lines, 40, { plan: withUsers }));
    expect([baseline.users, canary.users]).toEqual([undefined, 50]);
  });

  it('takes the split of the users from one replica that counts both cohorts, and from no other', () => {
    const withUsers = Plan.parse({
      ...raw(ratioOnly),
      metrics: ratioOnly.metrics.map(({ name }) => ({
        name,
        kind: 'ratio',
        bad: 'errors',
        total: 'requests',
      })),
      source: { poll: '10s', users: 'users' },
    });
    const users = (instance: string, variant: string, value: number): Line => ({
      name: 'users',
      labels: { instance, variant },
      points: growing(0).map(([second]) => [second, value] as const),
    });
    const of = (...more: Line[]) =>
      sampleOf(read([off(growing(3)), on(growing(1)), ...more], 40, { plan: withUsers }));
    const both = [users('b', 'off', 900), users('b', 'on', 50)];
    // More users of the canary alone, on a replica that has none of the baseline.
    const mixed = of(users('c', 'on', 500), ...both);
    expect(mixed.canary.users).toBe(500);
    expect(mixed.split).toEqual({ by: 'b', baseline: 900, canary: 50 });
    // Whatever the counts are, the choice among several is the same.
    const choose = (few: number, many: number) =>
      of(users('a', 'off', many), users('a', 'on', few), users('b', 'off', few), users('b', 'on', many)).split
        ?.by;
    expect(choose(1, 1000)).toBe(choose(1000, 1));
    expect(of(users('a', 'off', 900), users('c', 'on', 50)).split).toBeNull();
    expect(sampleOf(read([off(growing(3)), on(growing(1))], 40))).not.toHaveProperty('split');
  });
});

describe('slices', () => {
  const coverage = [{ slice: 'tier=enterprise' }];
  const sliced = Plan.parse({
    ...raw(plan),
    metrics: [
      { name: 'errors', kind: 'ratio', bad: 'errors', total: 'requests', soft: '+1pp' },
      { name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%' },
    ],
    source: { poll: '10s', users: 'users' },
    coverage,
  });
  const ofErrors = Plan.parse({
    ...raw(plan),
    metrics: sliced.metrics.slice(0, 1).map(() => ({
      name: 'errors',
      kind: 'ratio',
      bad: 'errors',
      total: 'requests',
      soft: '+1pp',
    })),
    coverage,
  });
  const enterprise = { tier: 'enterprise' };
  const free = { tier: 'free' };
  const buckets = (variant: string, labels: Record<string, string>, rate: number): Line[] =>
    ['0.1', '+Inf'].map((le, i) => ({
      name: 'seconds_bucket',
      labels: { variant, le, ...labels },
      points: growing(rate * (i + 1)),
    }));
  const users = (variant: string, labels: Record<string, string>, value: number): Line => ({
    name: 'users',
    labels: { variant, ...labels },
    points: growing(0).map(([second]) => [second, value] as const),
  });

  it('are counted from the series of the whole, and add up to it', () => {
    const lines = [
      off(growing(3), free),
      off(growing(1), enterprise),
      on(growing(2), free),
      on(growing(1), enterprise),
      bad('on', growing(1), enterprise),
      ...buckets('off', free, 2),
      ...buckets('off', enterprise, 3),
      ...buckets('on', enterprise, 1),
      users('off', free, 100),
      users('on', free, 50),
      users('on', enterprise, 7),
    ];
    const sample = sampleOf(read(lines, 40, { plan: sliced }));
    expect(sample.canary).toMatchObject({ requests: 30, users: 57 });
    expect(sample.slices).toEqual({
      'tier=enterprise': {
        baseline: {
          requests: 10,
          users: 0,
          ratios: { errors: { events: 0, total: 10 } },
          histograms: {
            latency: [
              [0.1, 30],
              ['+Inf', 60],
            ],
          },
        },
        canary: {
          requests: 10,
          users: 7,
          ratios: { errors: { events: 10, total: 10 } },
          histograms: {
            latency: [
              [0.1, 10],
              ['+Inf', 20],
            ],
          },
        },
        instances: { baseline: 1, canary: 1 },
      },
    });
  });

  it('have the halves of the whole, as far as they reach', () => {
    const lines = [
      off(growing(3), { ...enterprise, instance: 'a' }),
      off(growing(2), { ...free, instance: 'b' }),
      on(growing(1), enterprise),
      on(growing(4), { ...free, instance: 'b' }),
    ];
    const { slices, halves, canaryHalves } = sampleOf(read(lines, 40, { plan: ofErrors }));
    const totals = (pair: typeof halves) => pair?.map(({ requests }) => requests).sort((a, b) => a - b);
    expect(totals(halves)).toEqual([20, 30]);
    expect(totals(slices?.['tier=enterprise']?.halves)).toEqual([0, 30]);
    expect(totals(canaryHalves)).toEqual([10, 40]);
    expect(totals(slices?.['tier=enterprise']?.canaryHalves)).toEqual([0, 10]);
    expect(slices?.['tier=enterprise']?.instances).toEqual({ baseline: 1, canary: 1 });
  });

  it('count zeros in a cohort that has not served them, and are absent where no cohort has', () => {
    const quiet = sampleOf(read([off(growing(3), enterprise), on(growing(1), free)], 40, { plan: ofErrors }));
    expect(quiet.slices?.['tier=enterprise']?.canary).toMatchObject({
      requests: 0,
      ratios: { errors: { events: 0, total: 0 } },
    });
    expect(quiet.slices?.['tier=enterprise']?.canary).not.toHaveProperty('users');
    const none = sampleOf(read([off(growing(3)), on(growing(1), free)], 40, { plan: ofErrors }));
    expect(none).not.toHaveProperty('slices');
    expect(sampleOf(read([off(growing(3), enterprise), on(growing(1))], 40))).not.toHaveProperty('slices');
  });

  it('lack a metric whose events do not carry the label: its errors would seem to be none', () => {
    const lines = [off(growing(3), enterprise), on(growing(1), enterprise)];
    expect(sampleOf(read([...lines, bad('on', growing(1))], 40, { plan: ofErrors }))).not.toHaveProperty(
      'slices',
    );
    const labelled = sampleOf(read([...lines, bad('on', growing(1), free)], 40, { plan: ofErrors }));
    expect(labelled.slices?.['tier=enterprise']?.canary.ratios).toEqual({ errors: { events: 0, total: 10 } });
  });
});
