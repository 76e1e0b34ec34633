import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../plans/sample.ts';
import {
  type CountingProcess,
  countingPlan,
  countingProcess,
  memoryOf,
  type Served,
  sumOf,
} from '../test/fixtures/counting-process.ts';
import { type Scraped, startScraped } from '../test/fixtures/scraped.ts';
import { countsOf, readWindow, sampleOf, servedOf } from '../test/fixtures/windows.ts';
import { createPrometheusSource } from './prometheus.ts';

/** Seconds. */
const POLL = 0.625;

let prometheus: Scraped;
let first: CountingProcess;
let second: CountingProcess;
let mixed: CountingProcess;

beforeAll(async () => {
  prometheus = await startScraped(3);
  [first, second, mixed] = prometheus.targets.map(countingProcess) as [
    CountingProcess,
    CountingProcess,
    CountingProcess,
  ];
  first.count('off', { requests: 1000, errors: 10, fast: 700, fair: 800 });
  first.count('on', { requests: 30 });
  second.count('off', { requests: 2000, errors: 20, fast: 1400, fair: 1600 });
  mixed.count('on', { requests: 50, errors: 1, fast: 40, fair: 45 });
});
afterAll(() => prometheus?.close());

const read = (from: number, to: number) => readWindow(prometheus.url, { from, to });
const servedAs = (variant: string) => sumOf([first, second, mixed].map((one) => one.served(variant)));

/** By how much `now` is more. */
function growth(now: Served, before: Served): Served {
  const grown = { ...now };
  for (const key of Object.keys(grown) as (keyof Served)[]) grown[key] -= before[key];
  return grown;
}

describe('consecutive windows', () => {
  const samples: Sample[] = [];
  let begin: number;

  it('add up to all that was counted, to the unit, and increase() does not', async () => {
    begin = Math.ceil((await prometheus.scraped()) / POLL) * POLL;
    await prometheus.scraped(begin);
    const before = { off: servedAs('off'), on: servedAs('on') };
    let busy = 0;
    const traffic = setInterval(() => {
      busy += 1;
      first.count('off', { requests: 3 + (busy % 5), errors: busy % 2, fast: 1 + (busy % 3), value: 12.25 });
      second.count('off', { requests: busy % 7, fast: 0, fair: 0, value: 0.5 });
      mixed.count('on', { requests: 1 + (busy % 3), errors: busy % 9 === 0 ? 1 : 0, value: 3.75 });
    }, 7);
    const increases: number[] = [];
    // As a gate reads them: each window as soon as it is complete, while the counting goes on.
    const next = async () => {
      const from = begin + samples.length * POLL;
      await prometheus.scraped(from + POLL);
      samples.push(sampleOf(await read(from, from + POLL)));
      const increase = `sum(increase(requests_total{variant="off"}[${POLL * 1000}ms]))`;
      increases.push(...(await prometheus.query(increase, from + POLL)));
    };
    while (samples.length < 3) await next();
    clearInterval(traffic);
    const end = await prometheus.scraped();
    while (begin + samples.length * POLL < end) await next();

    const off = growth(servedAs('off'), before.off);
    const on = growth(servedAs('on'), before.on);
    expect(off.requests).toBeGreaterThan(300);
    expect(sumOf(samples.map(({ baseline }) => servedOf(baseline)))).toEqual(off);
    expect(sumOf(samples.map(({ canary }) => servedOf(canary)))).toEqual(on);

    const increase = increases.reduce((sum, one) => sum + one, 0);
    expect(increase).toBeGreaterThan(0);
    expect(increase).not.toBe(off.requests);
    expect(increases.some((one) => !Number.isInteger(one))).toBe(true);
  });

  it('are halved by instance, and the halves add up to the baseline', () => {
    for (const { baseline, halves = [] } of samples) {
      expect(halves).toHaveLength(2);
      expect(countsOf(sumOf(halves.map(servedOf)))).toEqual(baseline);
    }
    // Each of the two processes is one half in every window: a tick is worth 12.25 to one and 0.5 to the other.
    const valueOf = (half: 0 | 1) =>
      sumOf(samples.flatMap(({ halves }) => (halves === undefined ? [] : [servedOf(halves[half])]))).value;
    const values = [valueOf(0), valueOf(1)];
    expect(Math.max(...values) / Math.min(...values)).toBe(12.25 / 0.5);
  });

  it('are halved in the canary as well', () => {
    for (const { canary, canaryHalves = [], instances } of samples) {
      expect(instances).toEqual({ baseline: 2, canary: 2 });
      expect(countsOf(sumOf(canaryHalves.map(servedOf)))).toEqual(canary);
    }
  });

  it('tell the same when they are read as the past of a rollout, and nothing of before the data', async () => {
    const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
    const until = begin + samples.length * POLL;
    const past = { plan: countingPlan(POLL), windows: 100, origin: until };
    const { samples: history } = await source.history({ ...past, until });
    expect(history.length).toBeLessThan(100);
    expect(history.slice(-samples.length)).toEqual(
      samples.map(({ baseline, halves }, index) => ({
        stage: 'history',
        t: expect.closeTo((index + 1 - samples.length) * POLL),
        baseline,
        halves,
      })),
    );
    expect((await source.history({ ...past, until: until - 86_400 })).samples).toEqual([]);
    source.close();
  });
});

describe('one timestamp', () => {
  /** Total and errors, buckets and the native histogram, sum and count. */
  const QUERIES = 6;
  const GATES = 10;

  /** The plan of another rollout, written by somebody who likes spaces. */
  function planOf(rollout: number, poll: number) {
    const plan = countingPlan(poll, { name: `rollout-${rollout}` });
    const total = `requests_total{${' '.repeat(rollout)}job = "app"}`;
    return {
      ...plan,
      metrics: plan.metrics.map((metric) => (metric.kind === 'ratio' ? { ...metric, total } : metric)),
    };
  }

  it('lets ten rollouts that ask the same of it send each query once', async () => {
    const from = await prometheus.scraped();
    mixed.count('on', { requests: 20, errors: 2 });
    const to = await prometheus.scraped(from + POLL);
    const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
    const gate = (rollout: number, end = to) =>
      source.read({
        plan: planOf(rollout, to - from),
        stage: '5%',
        from: end - (to - from),
        to: end,
        origin: to - 60 * rollout,
      });
    const before = await prometheus.answered();
    const readings = await Promise.all(Array.from({ length: GATES }, (_, rollout) => gate(rollout)));
    // By its own count and by that of the server.
    expect(source.counters).toEqual({ sent: QUERIES, shared: (GATES - 1) * QUERIES });
    expect((await prometheus.answered()) - before).toBe(QUERIES);
    for (const [rollout, reading] of readings.entries()) {
      const { canary, t } = sampleOf(reading);
      expect(servedOf(canary)).toMatchObject({ requests: 20, errors: 2 });
      expect(t).toBeCloseTo(60 * rollout);
    }

    // A gate that comes a moment later shares them too; another moment is another question.
    expect(await gate(3)).toEqual(readings[3]);
    expect(source.counters.sent).toBe(QUERIES);
    await gate(3, to - 0.01);
    expect(source.counters).toEqual({ sent: 2 * QUERIES, shared: GATES * QUERIES });
    expect((await prometheus.answered()) - before).toBe(2 * QUERIES);
    source.close();
  });

  it('has the gauges as they stand at the end of the window', async () => {
    const from = await prometheus.scraped();
    const to = await prometheus.scraped(from + POLL);
    const reading = await readWindow(prometheus.url, { from, to, gauge: true });
    const { baseline, halves } = sampleOf(reading);
    expect(baseline.gauges).toEqual({ memory: (memoryOf(0) + memoryOf(1)) / 2 });
    expect(halves?.map(({ gauges }) => gauges?.['memory']).sort()).toEqual([memoryOf(0), memoryOf(1)]);
  });
});
