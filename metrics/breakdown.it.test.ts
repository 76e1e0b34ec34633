import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Scraped, startScraped, type Target } from '../test/fixtures/scraped.ts';
import { POLL, scrapedPlan } from '../test/fixtures/scraped-plan.ts';
import { createPrometheusSource } from './prometheus.ts';

const plan = scrapedPlan({
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'requests_total{code="500"}', total: 'requests_total' },
    { name: 'latency', kind: 'latency', histogram: 'seconds' },
    { name: 'basket', kind: 'mean', sum: 'paid_total', count: 'requests_total' },
    { name: 'memory', kind: 'gauge', gauge: 'bytes' },
  ],
});

let prometheus: Scraped;
beforeAll(async () => {
  prometheus = await startScraped(2);
}, 60_000);
afterAll(() => prometheus?.close());

/** All that a process shows of one endpoint and variant. */
function show(
  target: Target,
  of: { variant: string; endpoint: string; good: number; bad: number | null },
): void {
  const { variant, endpoint, good, bad } = of;
  const labels = `variant="${variant}",endpoint="${endpoint}"`;
  target.set(`requests_total{${labels},code="200"}`, good);
  if (bad !== null) target.set(`requests_total{${labels},code="500"}`, bad);
  target.set(`paid_total{${labels}}`, 2 * good);
  target.set(`bytes{${labels}}`, 5);
  target.set(`seconds_bucket{${labels},le="0.1"}`, good);
  target.set(`seconds_bucket{${labels},le="+Inf"}`, good + (bad ?? 0));
}

it('a breakdown of a real Prometheus holds what each endpoint and instance has counted', async () => {
  const [first, second] = prometheus.targets as [Target, Target];
  const round = (n: number) => {
    for (const [at, target] of [first, second].entries()) {
      show(target, { variant: 'off', endpoint: '/a', good: 1000 + 100 * n, bad: 5 + n });
      show(target, { variant: 'off', endpoint: '/b', good: 50 + 10 * n, bad: null });
      // Errors of the canary begin on the second process alone, with a series that is born at its first value.
      show(target, { variant: 'on', endpoint: '/b', good: 7 + 3 * n, bad: at === 1 && n > 0 ? 2 * n : null });
    }
  };
  round(0);
  const since = await prometheus.scraped();
  await expect.poll(() => Date.now() / 1000 - since, { timeout: 10_000 }).toBeGreaterThan(3 * POLL);
  const from = await prometheus.scraped();
  round(1);
  await prometheus.scraped();
  round(2);
  await expect.poll(() => Date.now() / 1000 - from, { timeout: 10_000 }).toBeGreaterThan(3 * POLL);
  await prometheus.scraped();
  const to = from + 3 * POLL;

  const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
  const read = (metric: string, edge?: number) =>
    source.breakdown({
      plan,
      metric,
      labels: ['endpoint', 'instance'],
      from,
      to,
      ...(edge === undefined ? {} : { edge }),
    });
  const errors = await read('errors');
  expect(errors).toMatchObject({ used: 3, rejected: 0 });
  const sums = ({ dimensions }: typeof errors) =>
    Object.fromEntries(
      dimensions.flatMap(({ values }) =>
        values.map(({ value, windows }) => [
          value,
          (['canaryEvents', 'canaryTotal', 'baselineEvents', 'baselineTotal'] as const).map((of) =>
            windows.reduce((sum, window) => sum + window[of], 0),
          ),
        ]),
      ),
    );
  expect(sums(errors)).toEqual({
    '/a': [0, 0, 4, 404],
    '/b': [4, 16, 0, 40],
    [first.instance]: [0, 6, 2, 222],
    [second.instance]: [4, 10, 2, 222],
  });
  expect(errors.queries.length).toBe(2);
  expect(sums(await read('latency', 0.1))).toEqual(sums(errors));
  // Of a mean the sums among the counts, of a gauge the values of the series at the ends of three windows.
  expect(sums(await read('basket'))['/a']).toEqual([0, 0, 800, 404]);
  expect(sums(await read('memory'))).toMatchObject({ '/a': [0, 0, 30, 6], '/b': [30, 6, 30, 6] });
  await prometheus.stopServer();
  await expect(read('errors')).rejects.toMatchObject({ code: 'PROMETHEUS_UNREACHABLE' });
  source.close();
}, 60_000);
