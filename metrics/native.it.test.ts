import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assess, observe, openEvidence } from '../analysis/gate.ts';
import { quantileOf } from '../analysis/histogram.ts';
import { learn } from '../analysis/history.ts';
import { Plan } from '../plans/plan.ts';
import type { Buckets, Reading } from '../plans/sample.ts';
import { bucketIndex } from '../test/fixtures/protobuf-page.ts';
import { type Scraped, startScraped } from '../test/fixtures/scraped.ts';
import { type TimingProcess, timingProcess } from '../test/fixtures/timing-process.ts';
import { outcomeOf, sampleOf } from '../test/fixtures/windows.ts';
import { onLattice } from './native-histogram.ts';
import { createPrometheusSource } from './prometheus.ts';
import type { HistoryRequest } from './source.ts';

/** Seconds. */
const POLL = 0.625;

let prometheus: Scraped;
let first: TimingProcess;
let second: TimingProcess;
let canary: TimingProcess;

beforeAll(async () => {
  prometheus = await startScraped(3, { native: true });
  [first, second, canary] = prometheus.targets.map(timingProcess) as [
    TimingProcess,
    TimingProcess,
    TimingProcess,
  ];
  first.serve('off', times(500, 0.1));
  second.serve('off', times(500, 0.1));
  canary.serve('on', times(100, 0.1));
});
afterAll(() => prometheus?.close());

let drawn = 0;
/** Exponential times, never the same ones. */
function times(count: number, mean: number): number[] {
  return Array.from({ length: count }, () => {
    drawn += 1;
    return -mean * Math.log(1 - ((drawn * 0.6180339887498949) % 1));
  });
}

const plan = (poll: number) => {
  const parsed = Plan.parse({
    metadata: { name: 'p' },
    flag: { key: 'p' },
    metrics: [{ name: 'p95', kind: 'latency', histogram: 'seconds', soft: '+20%', hard: '+50%' }],
    stages: [{ name: '25%', percent: 25, bake: '1s' }],
  });
  return { ...parsed, source: { ...parsed.source, poll } };
};

async function ask<T>(of: (source: ReturnType<typeof createPrometheusSource>) => Promise<T>): Promise<T> {
  const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
  try {
    return await of(source);
  } finally {
    source.close();
  }
}
const read = (from: number, to: number, edges: readonly number[] = []): Promise<Reading> =>
  ask((source) =>
    source.read({ plan: plan(to - from), stage: '25%', from, to, origin: 0, edges: { p95: edges } }),
  );
const later = (moment: number) => prometheus.scraped(moment + POLL);

/** Checks every bucket against what was served. */
function expectServed(buckets: Buckets | undefined, served: readonly number[], schema = 3) {
  expect(buckets?.at(-1)).toEqual(['+Inf', served.length]);
  for (const [edge, count] of buckets ?? []) {
    if (edge === '+Inf') continue;
    const index = Math.round(Math.log2(edge) * 2 ** schema);
    expect([edge, count]).toEqual([edge, served.filter((time) => bucketIndex(time, schema) <= index).length]);
  }
}

describe('a native histogram', () => {
  it('holds at every edge what was served in the window, to the unit', async () => {
    const from = await prometheus.scraped();
    const served = [times(700, 0.1), times(300, 0.12), [...times(90, 0.3), 0, 9]] as const;
    first.serve('off', served[0]);
    second.serve('off', served[1]);
    canary.serve('on', served[2]);
    const to = await later(from);
    const { baseline, canary: ours, halves } = sampleOf(await read(from, to));
    const edges = baseline.histograms['p95']?.map(([edge]) => edge) ?? [];
    expect(edges.length).toBeGreaterThan(20);
    expect(edges.length).toBeLessThanOrEqual(61);
    expect(ours.histograms['p95']?.map(([edge]) => edge)).toEqual(edges);
    expectServed(baseline.histograms['p95'], [...served[0], ...served[1]]);
    expectServed(ours.histograms['p95'], served[2]);
    expect(halves?.map(({ requests }) => requests).sort()).toEqual([300, 700]);
    expect([baseline.requests, ours.requests]).toEqual([1000, 92]);
  });

  it('tells the p95 within its resolution', async () => {
    const from = await prometheus.scraped();
    const served = times(2000, 0.2);
    canary.serve('on', served);
    const to = await later(from);
    const buckets = sampleOf(await read(from, to)).canary.histograms['p95'] ?? [];
    const p95 = [...served].sort((a, b) => a - b)[1899] ?? 0;
    const found = quantileOf(buckets, 0.95) ?? 0;
    expect(found / p95).toBeGreaterThan(2 ** (-1 / 4));
    expect(found / p95).toBeLessThan(2 ** (1 / 4));
    // An edge under test is among them, whatever the others are.
    const fine = Number((2 ** (3 / 8)).toPrecision(6));
    const with75 = sampleOf(await read(from, to, [fine])).canary.histograms['p95'];
    expect(with75?.find(([edge]) => edge === fine)?.[1]).toBe(
      served.filter((time) => bucketIndex(time, 3) <= 3).length,
    );
  });

  it('of a process that begins again rejects one window, and counts in the next', async () => {
    const start = await prometheus.scraped();
    canary.restart();
    canary.serve('on', times(20, 0.1));
    const after = await later(start);
    const fresh = times(40, 0.1);
    canary.serve('on', fresh);
    const end = await later(after);
    expect(outcomeOf(await read(start, after))).toBe('reset');
    expectServed(sampleOf(await read(after, end)).canary.histograms['p95'], fresh);
  });

  it('that is born in the window counts from its first request', async () => {
    const from = await prometheus.scraped();
    const served = times(7, 0.1);
    second.serve('on', served);
    const to = await later(from);
    expectServed(sampleOf(await read(from, to)).canary.histograms['p95'], served);
  });

  it('that becomes coarser is counted at the edges that are left', async () => {
    const from = await prometheus.scraped();
    const served = times(400, 0.1);
    first.serve('off', served);
    first.keeps({ schema: 1 });
    const to = await later(from);
    const { baseline, canary: ours } = sampleOf(await read(from, to));
    const buckets = baseline.histograms['p95'] ?? [];
    expectServed(buckets, served, 1);
    expect(buckets.length).toBeGreaterThan(5);
    for (const [edge] of buckets) if (edge !== '+Inf') expect(onLattice(edge, 1)).toBe(true);
    // The canary keeps its own.
    expect(ours.histograms['p95']?.length).toBeGreaterThan(buckets.length);
    first.keeps({ schema: 3 });
  });

  it('is preferred to the classic buckets of the same name, and the check says what is used', async () => {
    const uses = async () =>
      (await ask(async (source) => source.check(plan(POLL), await prometheus.scraped()))).map(
        ({ kind, detail }) => `${kind}: ${detail}`,
      );
    expect((await uses()).join()).toMatch(/^uses: is read from a native histogram/);
    for (const process of [first, second, canary]) process.keeps({ classic: [0.1, 0.3] });
    const from = await later(await prometheus.scraped());
    const served = times(60, 0.1);
    canary.serve('on', served);
    const to = await later(from);
    const { canary: ours } = sampleOf(await read(from, to));
    expectServed(ours.histograms['p95'], served);
    expect(ours.histograms['p95']?.map(([edge]) => edge)).not.toContain(0.1);
    for (const process of [first, second, canary]) process.keeps({ classic: [] });
  });

  it('is counted before a rollout: requests of the cohorts, and labels', async () => {
    const at = await prometheus.scraped();
    const { split, labels } = await ask(async (source) => ({
      split: await source.survey.split(plan(POLL), at, 60),
      labels: await source.survey.labels(plan(POLL), at),
    }));
    expect(split?.baseline).toBeGreaterThan(1000);
    expect(split?.canary).toBeGreaterThan(100);
    expect(labels).toMatchObject([{ metric: 'p95', label: 'instance', values: 3, labelled: 4 }]);
  });

  it('shows a slower canary to the gate, and nothing where there is none', async () => {
    const judged = async (slower: number) => {
      const begin = Math.ceil((await prometheus.scraped()) / POLL) * POLL;
      await prometheus.scraped(begin);
      // On a busy machine what is served may come a window later: no single one must have it.
      const [before, polls] = [4, 11];
      for (let i = 0; i < polls; i++) {
        first.serve('off', times(1500, 0.1));
        second.serve('off', times(1500, 0.1));
        canary.serve('on', times(1000, 0.1 * slower));
        await prometheus.scraped(begin + (i + 1) * POLL);
      }
      const at = {
        plan: plan(POLL),
        until: begin + before * POLL,
        windows: before,
        origin: begin + before * POLL,
      } satisfies HistoryRequest;
      const { samples } = await ask((source) => source.history(at));
      const learnt = learn(at.plan, samples);
      expect(learnt.edges['p95']?.length).toBeGreaterThan(0);
      let evidence = openEvidence(at.plan);
      for (let i = before; i < polls; i++) {
        const [from, to] = [begin + i * POLL, begin + (i + 1) * POLL];
        const request = { plan: at.plan, stage: '25%', from, to, origin: begin, edges: learnt.edges };
        const reading = await ask((source) => source.read(request));
        evidence = observe(evidence, at.plan, reading, { stageIndex: 0, ...learnt });
      }
      return assess(evidence, at.plan, { stageIndex: 0, ...learnt });
    };
    expect(await judged(1)).toMatchObject({ verdict: 'pass' });
    expect(await judged(2)).toMatchObject({ verdict: 'hard', metric: 'p95' });
  });
});
