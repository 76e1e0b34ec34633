import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Backfilled, type PastSeries, startBackfilled } from '../test/fixtures/backfilled.ts';
import { createPrometheusSource } from './prometheus.ts';

const DAY = 86_400;
const now = Math.floor(Date.now() / 1000);
const days = (...ago: number[]) => ago.map((each) => now - each * DAY);
const passages = (name: string, flag: string, times: number[]): PastSeries => ({
  name,
  times,
  labels: { service: 'shop', flag, variant: 'on', audience: 'public' },
  values: [1, 2, 3],
});
let past: Backfilled;
let young: Backfilled;

beforeAll(async () => {
  past = await startBackfilled({
    times: days(12),
    series: [
      passages('tidegate_requests_total', 'gone', days(45, 44, 43)),
      passages('shop_requests_total', 'renamed', days(30.5, 29, 20)),
      passages('tidegate_users', 'asked', days(12)),
      passages('tidegate_requests_total', 'other', days(12)),
      // Not of a client: another's counter with a label of that name.
      { name: 'http_requests_total', labels: { flag: 'foreign' }, values: [1] },
    ],
  });
  young = await startBackfilled({
    times: [],
    series: [passages('tidegate_requests_total', 'new', days(3, 2, 1))],
  });
});
afterAll(async () => {
  await past?.close();
  await young?.close();
});

const look = async (url: string, window: number) => {
  const source = createPrometheusSource({ url, settle: 0, timeout: 5 });
  try {
    return await source.sightings('main', { from: now - window * DAY, to: now });
  } finally {
    source.close();
  }
};

test('the flags that applications counted in the window, by whatever name', async () => {
  expect(await look(past.url, 30)).toEqual({ kind: 'saw', source: 'main', flags: ['asked', 'renamed'] });
  expect(await look(past.url, 50)).toMatchObject({ kind: 'late', flags: ['asked', 'gone', 'renamed'] });
  expect(await look(past.url, 2)).toEqual({ kind: 'nothing', source: 'main' });
});

test('applications that report for a shorter time, and a source that does not answer', async () => {
  expect(await look(young.url, 30)).toEqual({ kind: 'late', source: 'main', flags: ['new'] });
  expect(await look('http://127.0.0.1:1', 30)).toMatchObject({ kind: 'failed', source: 'main' });
});
