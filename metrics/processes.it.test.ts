import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CohortSample } from '../plans/sample.ts';
import { type CountingProcess, countingProcess } from '../test/fixtures/counting-process.ts';
import { type Scraped, startScraped } from '../test/fixtures/scraped.ts';
import { countsOf, outcomeOf, readWindow, sampleOf, servedOf } from '../test/fixtures/windows.ts';

/** Seconds. */
const POLL = 0.625;

let prometheus: Scraped;
let first: CountingProcess;
let second: CountingProcess;
let canary: CountingProcess;
let fleet: CountingProcess[];
/** Does not run yet. */
let late: CountingProcess;

beforeAll(async () => {
  prometheus = await startScraped(21, { late: 1 });
  const processes = prometheus.targets.map(countingProcess);
  fleet = processes.slice(0, 20);
  [late] = processes.slice(20) as [CountingProcess];
  [first, second, canary] = fleet as [CountingProcess, CountingProcess, CountingProcess];
  first.count('off', { requests: 500, errors: 5 });
  second.count('off', { requests: 500 });
  canary.count('on', { requests: 500, errors: 5 });
});
afterAll(() => prometheus?.close());

const read = (from: number, to: number) => readWindow(prometheus.url, { from, to });
const later = (moment: number) => prometheus.scraped(moment + POLL);
const seriesOf = (name: string) => `${name}{instance="${canary.target.instance}",job="app",variant="on"}`;

describe('a process of a small fleet', () => {
  it('that begins again rejects one window, which names its series, and no other', async () => {
    const start = await prometheus.scraped();
    canary.count('on', { requests: 20, errors: 2 });
    const before = await later(start);
    canary.restart();
    canary.count('on', { requests: 3, errors: 1 });
    first.count('off', { requests: 70 });
    const after = await later(before);
    canary.count('on', { requests: 600, errors: 4 });
    const end = await later(after);

    expect(servedOf(sampleOf(await read(start, before)).canary)).toMatchObject({ requests: 20, errors: 2 });
    expect(await read(before, after)).toMatchObject({
      kind: 'rejected',
      rejections: [{ kind: 'reset', metric: 'errors', series: seriesOf('errors_total') }],
    });
    expect(servedOf(sampleOf(await read(after, end)).canary)).toMatchObject({ requests: 600, errors: 4 });
  });

  it('that begins again without its errors is a reset of its requests', async () => {
    const before = await prometheus.scraped();
    canary.restart();
    canary.count('on', { requests: 2 });
    const after = await later(before);
    expect(await read(before, after)).toMatchObject({
      kind: 'rejected',
      rejections: [{ kind: 'reset', metric: 'errors', series: seriesOf('requests_total') }],
    });
    canary.count('on', { requests: 8, errors: 3 });
    const { canary: counted } = sampleOf(await read(after, await later(after)));
    expect(servedOf(counted)).toMatchObject({ requests: 8, errors: 3 });
  });

  it('that is away is a gap, then no data, then first seen, and then counts again', async () => {
    const start = await prometheus.scraped();
    canary.count('on', { requests: 11, errors: 1 });
    await prometheus.scraped();
    await canary.target.stop();
    // Longer than what is read of the past before a window.
    await prometheus.scraped(Date.now() / 1000 + 4 * POLL);
    canary.restart();
    canary.count('on', { requests: 9000 });
    await canary.target.start();
    const back = await later(await prometheus.scraped());
    canary.count('on', { requests: 9, errors: 2 });
    // A window more than the one that shows them: windows from `start` do not end where a scrape does.
    const end = await later(await later(back));

    const readings = [];
    for (let from = start; from + POLL <= end; from += POLL) readings.push(await read(from, from + POLL));
    const outcomes = readings.map(outcomeOf).join(', ');
    expect(outcomes).toMatch(/^(good, )+gap: left, (no-canary, )+gap: seen(, good)+$/);
    expect(JSON.stringify(readings)).toContain(`${canary.target.instance}\\",job=\\"app\\"} left`);
    const counted = readings.flatMap((reading) =>
      reading.kind === 'sample' ? [servedOf(reading.sample.canary)] : [],
    );
    expect(counted.reduce((sum, { requests }) => sum + requests, 0)).toBe(11 + 9);
    expect(counted.reduce((sum, { errors }) => sum + errors, 0)).toBe(1 + 2);
  });

  it('that does not show a series for a moment has not counted all of it again', async () => {
    const start = await prometheus.scraped();
    first.hide('off');
    first.count('on', { requests: 1 });
    const hidden = await later(start);
    first.count('off', { requests: 4, errors: 1 });
    const shown = await later(hidden);
    first.count('off', { requests: 6 });
    const end = await later(shown);

    expect(outcomeOf(await read(start, hidden))).toBe('gap: vanished');
    expect(outcomeOf(await read(hidden, shown))).toBe('gap: returned');
    expect(servedOf(sampleOf(await read(shown, end)).baseline)).toMatchObject({ requests: 6, errors: 0 });
  });
});

describe('what is seen for the first time', () => {
  it('counts 7 where it is an error series born at 7, of which increase() says 0', async () => {
    const from = await prometheus.scraped();
    second.count('on', { requests: 40, errors: 7, fast: 12, fair: 30 });
    // Of two scrapes increase() has something to say.
    const to = await prometheus.scraped(await later(from));
    expect(sampleOf(await read(from, to)).canary).toEqual(
      countsOf({ requests: 40, errors: 7, fast: 12, fair: 30, value: 0 }),
    );
    const born = `errors_total{variant="on",instance="${second.target.instance}"}`;
    const range = Math.round((to - from) * 1000);
    expect(await prometheus.query(`increase(${born}[${range}ms])`, to)).toEqual([0]);
    expect(await prometheus.query(born, to)).toEqual([7]);

    const then = await later(to);
    expect(servedOf(sampleOf(await read(to, then)).canary)).toMatchObject({ requests: 0, errors: 0 });
  });

  it('counts nothing where it is a process, and all that it counts from then on', async () => {
    late.count('on', { requests: 5000, errors: 40 });
    const from = await prometheus.scraped();
    await late.target.start();
    canary.count('on', { requests: 12, errors: 1 });
    const to = await later(from);
    expect(servedOf(sampleOf(await read(from, to)).canary)).toMatchObject({ requests: 12, errors: 1 });
    // Where nobody else has the canary, there is nothing to compare yet.
    const cohorts = {
      baseline: 'variant="off"',
      canary: `variant="on",instance="${late.target.instance}"`,
    };
    const alone = await readWindow(prometheus.url, { from, to, cohorts });
    expect(outcomeOf(alone)).toBe('gap: seen');
    expect(JSON.stringify(alone)).toContain(late.target.instance);

    late.count('on', { requests: 5, errors: 2 });
    const then = await later(to);
    const next = sampleOf(await readWindow(prometheus.url, { from: to, to: then, cohorts }));
    expect(servedOf(next.canary)).toMatchObject({ requests: 5, errors: 2 });
    expect(sampleOf(await read(to, then)).canary).toEqual(next.canary);
  });
});

describe('a canary of several processes', () => {
  const cohorts = { label: 'variant', baseline: 'blue', canary: 'green' };
  const readCanary = (from: number, to: number) => readWindow(prometheus.url, { from, to, cohorts });

  it('has halves that follow those that come, begin again and go', async () => {
    const [base, other, one, two, third] = fleet.slice(5) as [
      CountingProcess,
      CountingProcess,
      CountingProcess,
      CountingProcess,
      CountingProcess,
    ];
    const serve = (of: readonly CountingProcess[], errors: number) => {
      for (const process of [base, other]) process.count('blue', { requests: 100 });
      of.forEach((process, i) => {
        process.count('green', { requests: 10 * (i + 1), errors: i === 0 ? errors : 0 });
      });
    };
    const served = (pair: readonly CohortSample[] | undefined) =>
      pair?.map(servedOf).map(({ requests, errors }) => ({ requests, errors }));
    const bySize = (pair: readonly CohortSample[] | undefined) =>
      served(pair)?.sort((a, b) => a.requests - b.requests);
    serve([one, two], 1);
    const start = await prometheus.scraped();
    serve([one, two], 7);
    const then = await later(start);
    const alone = sampleOf(await readCanary(start, then));
    expect(alone.instances).toEqual({ baseline: 2, canary: 2 });
    expect(bySize(alone.canaryHalves)).toEqual([
      { requests: 10, errors: 7 },
      { requests: 20, errors: 0 },
    ]);

    // The canary grows by one, which counts from its second window on.
    serve([one, two, third], 0);
    const come = await later(then);
    expect(sampleOf(await readCanary(then, come)).instances).toEqual({ baseline: 2, canary: 2 });
    serve([one, two, third], 0);
    const more = await later(come);
    const grown = sampleOf(await readCanary(come, more));
    expect(grown.instances).toEqual({ baseline: 2, canary: 3 });
    expect(served(grown.canaryHalves)?.reduce((sum, { requests }) => sum + requests, 0)).toBe(60);

    // One of three begins again: the window is no evidence, as it is of a cohort of one.
    two.restart();
    serve([one, two, third], 2);
    const again = await later(more);
    expect(outcomeOf(await readCanary(more, again))).toBe('reset');
    serve([one, two, third], 2);
    const after = sampleOf(await readCanary(again, await later(again)));
    expect(after.instances).toEqual({ baseline: 2, canary: 3 });
    expect(served(after.canaryHalves)?.reduce((sum, { requests }) => sum + requests, 0)).toBe(60);
  });
});

describe('one process of twenty', () => {
  it('that begins again is left out of that window, by name, and counts in the next', async () => {
    const readFleet = (from: number, to: number) =>
      readWindow(prometheus.url, { from, to, cohorts: { label: 'variant', baseline: 'old', canary: 'new' } });
    const serve = (requests: number) => {
      for (const process of fleet) {
        process.count('old', { requests: 10 * requests });
        process.count('new', { requests, errors: 1 });
      }
    };
    serve(100);
    const before = await prometheus.scraped();
    const [restarted] = fleet as [CountingProcess];
    restarted.restart();
    serve(3);
    const after = await later(before);
    serve(5);
    const end = await later(after);

    const during = await readFleet(before, after);
    expect(during).toMatchObject({ notes: [expect.stringContaining(restarted.target.instance)] });
    const { baseline, canary: ours } = sampleOf(during);
    expect(servedOf(baseline)).toMatchObject({ requests: 19 * 30, errors: 0 });
    expect(servedOf(ours)).toMatchObject({ requests: 19 * 3, errors: 19 });
    // What is left out is in neither half, and no instance of this window.
    expect(sampleOf(during).instances).toEqual({ baseline: 19, canary: 19 });
    const halves = sampleOf(during).canaryHalves ?? [];
    expect(halves.map(({ requests }) => requests).reduce((sum, one) => sum + one, 0)).toBe(19 * 3);
    const next = await readFleet(after, end);
    expect(next).not.toHaveProperty('notes');
    expect(servedOf(sampleOf(next).canary)).toMatchObject({ requests: 20 * 5, errors: 20 });
  });
});
