import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import type { Reading, Sample } from '../plans/sample.ts';
import { SCRAPE, type Scraped, startScraped, type Target } from '../test/fixtures/scraped.ts';
import { createPrometheusSource, type PrometheusSource } from './prometheus.ts';

/** Seconds. */
const POLL = 0.6;
const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  source: { poll: `${POLL}s` },
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'errors_total', total: 'requests_total', soft: '+1pp' },
    { name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%' },
    { name: 'revenue', kind: 'mean', sum: 'value_sum', count: 'value_count', soft: '-5%' },
    { name: 'memory', kind: 'gauge', gauge: 'memory_bytes', soft: '+20%' },
  ],
  stages: [{ name: '5%', percent: 5 }],
});
const ORIGIN = 0;

let prometheus: Scraped;
let source: PrometheusSource;
let first: Target;
let second: Target;
let canary: Target;

beforeAll(async () => {
  prometheus = await startScraped(3);
  source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
  [first, second, canary] = prometheus.targets as [Target, Target, Target];
}, 60_000);
afterAll(async () => {
  source?.close();
  await prometheus?.close();
});

/** What each process has counted so far. */
interface Counts {
  requests: number;
  errors?: number;
  fast?: number;
  memory?: number;
}

function show(target: Target, variant: string, counts: Counts): void {
  const { requests, errors, fast = requests, memory = 100 } = counts;
  const of = (name: string, more = '') => `${name}{variant="${variant}"${more}}`;
  target.set(of('requests_total'), requests);
  if (errors !== undefined) target.set(of('errors_total'), errors);
  target.set(of('seconds_bucket', ',le="0.1"'), fast);
  target.set(of('seconds_bucket', ',le="+Inf"'), requests);
  target.set(of('value_sum'), 50 * requests);
  target.set(of('value_count'), requests);
  target.set(of('memory_bytes'), memory);
}

const read = (from: number, to: number): Promise<Reading> =>
  source.read({ plan, stage: '5%', from, to, origin: ORIGIN });

/** The window between two moments at which all had been scraped, whatever its length. */
function window(from: number, to: number): Promise<Reading> {
  return createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 }).read({
    plan: { ...plan, source: { ...plan.source, poll: to - from } },
    stage: '5%',
    from,
    to,
    origin: ORIGIN,
  });
}

function sampleOf(reading: Reading): Sample {
  if (reading.kind !== 'sample') throw new Error(JSON.stringify(reading.rejections));
  return reading.sample;
}

/** All three processes begin (again) with these counts, and have been scraped for longer than a look back. */
async function settled(counts: { first: Counts; second: Counts; canary: Counts }): Promise<number> {
  for (const target of prometheus.targets) target.clear();
  show(first, 'off', counts.first);
  show(second, 'off', counts.second);
  show(canary, 'on', counts.canary);
  const since = await prometheus.scraped();
  await expect.poll(() => Date.now() / 1000 - since, { timeout: 10_000 }).toBeGreaterThan(3 * POLL);
  return prometheus.scraped();
}

describe('windows of a real Prometheus', () => {
  it('hold exactly what was counted, window by window, where increase() does not', async () => {
    let at = await settled({
      first: { requests: 1000, errors: 10, fast: 900, memory: 80 },
      second: { requests: 2000, errors: 20, fast: 1900, memory: 120 },
      canary: { requests: 50, errors: 1, fast: 40, memory: 90 },
    });
    const increases: number[] = [];
    const added = { baseline: 0, canary: 0 };
    const seen = { baseline: 0, canary: 0, errors: 0, fast: 0 };
    for (let round = 1; round <= 3; round++) {
      show(first, 'off', {
        requests: 1000 + 111 * round,
        errors: 10 + round,
        fast: 900 + 101 * round,
        memory: 80,
      });
      show(second, 'off', { requests: 2000 + 57 * round, errors: 20, fast: 1900 + 50 * round, memory: 120 });
      show(canary, 'on', { requests: 50 + 7 * round, errors: 1 + round, fast: 40 + 5 * round, memory: 90 });
      added.baseline += 168;
      added.canary += 7;
      const next = await prometheus.scraped();
      const { baseline, canary: ours, halves } = sampleOf(await window(at, next));
      seen.baseline += baseline.requests;
      seen.canary += ours.requests;
      seen.errors += ours.ratios['errors']?.events ?? 0;
      seen.fast += ours.histograms['latency']?.[0]?.[1] ?? 0;
      expect(baseline.ratios['errors']).toEqual({ events: 1, total: 168 });
      expect(baseline.histograms['latency']).toEqual([
        [0.1, 151],
        ['+Inf', 168],
      ]);
      expect(baseline.means).toEqual({ revenue: { sum: 50 * 168, count: 168 } });
      expect([baseline.gauges, ours.gauges]).toEqual([{ memory: 100 }, { memory: 90 }]);
      expect(halves?.map(({ requests }) => requests).sort()).toEqual([111, 57].sort());
      expect(halves?.map(({ gauges }) => gauges?.['memory']).sort()).toEqual([120, 80].sort());
      const range = Math.round((next - at) * 1000);
      const [increase = 0] = await prometheus.query(
        `sum(increase(requests_total{variant="off"}[${range}ms]))`,
        next,
      );
      increases.push(increase);
      at = next;
    }
    expect(seen).toEqual({ baseline: added.baseline, canary: added.canary, errors: 3, fast: 15 });
    // What increase() says of the same windows is off in one at least: it extrapolates to their borders.
    expect(increases.filter((increase) => increase !== 168)).not.toEqual([]);
  });

  it('count an error series that is born at 7, of which increase() says 0', async () => {
    const from = await settled({
      first: { requests: 10 },
      second: { requests: 10 },
      canary: { requests: 10 },
    });
    show(canary, 'on', { requests: 40, errors: 7 });
    const to = await prometheus.scraped();
    expect(sampleOf(await window(from, to)).canary.ratios['errors']).toEqual({ events: 7, total: 30 });
    const range = Math.round((to - from) * 1000);
    expect(await prometheus.query(`increase(errors_total{variant="on"}[${range}ms])`, to)).not.toContain(7);
  });

  it('name the series of a process that began again, and are good after it', async () => {
    const from = await settled({
      first: { requests: 500, errors: 5 },
      second: { requests: 500, errors: 5 },
      canary: { requests: 500, errors: 5 },
    });
    canary.clear();
    show(canary, 'on', { requests: 3, errors: 1 });
    const to = await prometheus.scraped();
    const reset = await window(from, to);
    expect(reset).toMatchObject({ kind: 'rejected', rejections: [{ kind: 'reset' }] });
    expect(JSON.stringify(reset)).toContain(canary.instance);
    show(canary, 'on', { requests: 9, errors: 2 });
    const after = sampleOf(await window(to, await prometheus.scraped()));
    expect(after.canary.ratios['errors']).toEqual({ events: 1, total: 6 });
  });

  it('are gaps while a process is away, and good again once it has been back for a window', async () => {
    const from = await settled({
      first: { requests: 100 },
      second: { requests: 100 },
      canary: { requests: 100 },
    });
    await canary.stop();
    const gone = from + 4 * POLL;
    await expect.poll(() => Date.now() / 1000, { timeout: 10_000 }).toBeGreaterThan(gone);
    expect(await read(gone - POLL, gone)).toMatchObject({ kind: 'rejected' });
    await canary.start();
    await prometheus.scraped();
    let at = await prometheus.scraped();
    await expect
      .poll(
        async () => {
          const next = await prometheus.scraped();
          const reading = await window(at, next);
          at = next;
          return reading.kind;
        },
        { timeout: 15_000 },
      )
      .toBe('sample');
  });

  it('are no data and no error while Prometheus is away, and read the same after it is back', async () => {
    const from = await settled({
      first: { requests: 100, errors: 1 },
      second: { requests: 100, errors: 1 },
      canary: { requests: 100, errors: 1 },
    });
    show(canary, 'on', { requests: 160, errors: 4 });
    const to = await prometheus.scraped();
    const before = await window(from, to);
    expect(sampleOf(before).canary.ratios['errors']).toEqual({ events: 3, total: 60 });
    await prometheus.stopServer();
    expect(await window(from, to)).toMatchObject({ kind: 'rejected', rejections: [{ kind: 'source-down' }] });
    await expect(source.check(plan, to)).rejects.toMatchObject({ code: 'PROMETHEUS_UNREACHABLE' });
    await prometheus.startServer();
    await prometheus.scraped();
    expect(await window(from, to)).toEqual(before);
  });

  it('are asked once for ten gates', async () => {
    const at = await settled({
      first: { requests: 1 },
      second: { requests: 1 },
      canary: { requests: 1 },
    });
    const shared = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
    const gates = Array.from({ length: 10 }, (_, gate) =>
      shared.read({ plan, stage: '5%', from: at - POLL, to: at, origin: ORIGIN + gate }),
    );
    const readings = await Promise.all(gates);
    expect(new Set(readings.map(({ kind }) => kind))).toEqual(new Set(['sample']));
    const one = readings[0]?.queries.length ?? 0;
    expect(one).toBe(6);
    expect(shared.counters).toEqual({ sent: one, shared: 9 * one });
    shared.close();
  });

  it('tell the time before a rollout in windows of the same kind', async () => {
    const at = await settled({
      first: { requests: 10, errors: 1 },
      second: { requests: 10, errors: 1 },
      canary: { requests: 10 },
    });
    let requests = 10;
    await expect
      .poll(
        async () => {
          requests += 5;
          show(first, 'off', { requests, errors: 1 });
          await prometheus.scraped();
          return Date.now() / 1000 - at;
        },
        { timeout: 15_000, interval: 10 },
      )
      .toBeGreaterThan(5);
    const until = await prometheus.scraped();
    const { samples } = await source.history({ plan, until, windows: 4, origin: until });
    expect(samples.map(({ t }) => Math.round(10 * t) / 10)).toEqual([-1.8, -1.2, -0.6, 0]);
    for (const [i, { baseline, halves, stage }] of samples.entries()) {
      const to = until - (3 - i) * POLL;
      const same = sampleOf(await source.read({ plan, stage: '5%', from: to - POLL, to, origin: until }));
      expect(stage).toBe('history');
      expect(baseline.ratios).toEqual(same.baseline.ratios);
      expect(halves?.map(({ ratios }) => ratios)).toEqual(same.halves?.map(({ ratios }) => ratios));
    }
    // It goes back no further than the data do, and there was nothing yesterday.
    expect(
      (await source.history({ plan, until: until - 86_400, windows: 9_999, origin: until })).samples,
    ).toEqual([]);
  });

  it('have a scrape for every quarter of a second', () => {
    expect(SCRAPE).toBeLessThan(POLL / 2);
    expect(first.scrapes()).toBeGreaterThan(10);
  });
});
