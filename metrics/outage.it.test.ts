import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reading } from '../plans/sample.ts';
import { type CountingProcess, countingPlan, countingProcess } from '../test/fixtures/counting-process.ts';
import { type Scraped, startScraped } from '../test/fixtures/scraped.ts';
import { outcomeOf, readWindow, servedOf } from '../test/fixtures/windows.ts';
import { createPrometheusSource, type PrometheusSource } from './prometheus.ts';

/** Seconds. */
const POLL = 0.625;
const plan = countingPlan(POLL);

let prometheus: Scraped;
/** As in a worker that goes on while Prometheus comes and goes, but remembers no answer. */
let source: PrometheusSource;
let first: CountingProcess;
let canary: CountingProcess;

beforeAll(async () => {
  prometheus = await startScraped(3);
  source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 }, { shareFor: 0 });
  const processes = prometheus.targets.map(countingProcess);
  for (const process of processes) process.count('off', { requests: 100, errors: 1 });
  [first, canary] = processes as [CountingProcess, CountingProcess];
  canary.count('on', { requests: 100, errors: 1 });
});
afterAll(async () => {
  source?.close();
  await prometheus?.close();
});

/** The windows between two moments, one after the other. */
async function windows(from: number, to: number): Promise<Reading[]> {
  const readings = [];
  for (let at = from; at + POLL <= to; at += POLL) {
    readings.push(await source.read({ plan, stage: '5%', from: at, to: at + POLL, origin: 0 }));
  }
  return readings;
}

function canarysRequests(readings: readonly Reading[]): number {
  return readings.reduce(
    (sum, reading) => sum + (reading.kind === 'sample' ? servedOf(reading.sample.canary).requests : 0),
    0,
  );
}

describe('a Prometheus that stops', () => {
  let start: number;
  let stopped: number;
  let before: Reading[];

  it('makes every window source-down, and begins again where the raw data do', async () => {
    start = await prometheus.scraped();
    canary.count('on', { requests: 60, errors: 3, value: 0.1 });
    first.count('off', { requests: 7, value: 0.2 });
    stopped = await prometheus.scraped(start + 2 * POLL);
    before = await windows(start, stopped);
    expect(before.map(outcomeOf)).toEqual(['good', 'good']);

    await prometheus.stopServer();
    const { host } = new URL(prometheus.url);
    for (const reading of await windows(start, stopped)) {
      expect(reading).toMatchObject({
        kind: 'rejected',
        rejections: [{ kind: 'source-down', detail: `${host}: connection refused` }],
      });
    }
    const unreachable = { code: 'PROMETHEUS_UNREACHABLE', where: host };
    await expect(source.check(plan, stopped)).rejects.toMatchObject(unreachable);
    await expect(source.scalar('vector(1)', stopped)).rejects.toMatchObject(unreachable);
    await expect(source.history({ plan, until: stopped, windows: 9, origin: 0 })).rejects.toMatchObject(
      unreachable,
    );

    // Counted while nobody looks: in no window, which the windows say.
    canary.count('on', { requests: 999, errors: 9 });
    const down = Date.now() / 1000;
    await expect.poll(() => Date.now() / 1000, { timeout: 10_000 }).toBeGreaterThan(down + 2.5 * POLL);
    await prometheus.startServer();
    const back = await prometheus.scraped((await prometheus.scraped()) + POLL);
    canary.count('on', { requests: 8 });
    const end = await prometheus.scraped(back + 2 * POLL);
    const readings = await windows(start, end);
    // The targets go and come back one after the other: at a window's edge, in two windows.
    expect(readings.map(outcomeOf).join(', ')).toMatch(
      /^good, good, (good, )*(gap: left, ){1,2}(no-baseline, )*(gap: (seen|returned), ){1,2}(good, )*good$/,
    );
    expect(canarysRequests(readings)).toBe(60 + 8);
  });

  it('or crashes, reads the windows before it bit by bit as it read them then', async () => {
    const again = async () => Promise.all([windows(start, stopped), readWindow(prometheus.url, whole())]);
    const whole = () => ({ from: start, to: stopped });
    const [, wide] = await again();
    expect(JSON.stringify((await again())[0])).toBe(JSON.stringify(before));
    await prometheus.signalServer('SIGKILL');
    expect((await windows(start, stopped)).map(outcomeOf)).toEqual(['source-down', 'source-down']);
    await prometheus.startServer();
    expect(JSON.stringify(await again())).toBe(JSON.stringify([before, wide]));
  });

  it('or hangs, is down once the time for an answer is over, and is asked again', async () => {
    const impatient = createPrometheusSource(
      { url: prometheus.url, settle: 0, timeout: 0.3 },
      { shareFor: 0 },
    );
    const read = () => impatient.read({ plan, stage: '5%', from: start, to: start + POLL, origin: 0 });
    await prometheus.signalServer('SIGSTOP');
    try {
      expect(await read()).toMatchObject({
        rejections: [{ kind: 'source-down', detail: expect.stringContaining('no answer within 0.3 s') }],
      });
    } finally {
      await prometheus.signalServer('SIGCONT');
    }
    await expect.poll(read, { timeout: 10_000 }).toEqual(before[0]);
    impatient.close();
  });
});
