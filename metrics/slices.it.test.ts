import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Reading } from '../plans/sample.ts';
import { type Scraped, startScraped, type Target } from '../test/fixtures/scraped.ts';
import { POLL, scrapedPlan } from '../test/fixtures/scraped-plan.ts';
import { createPrometheusSource } from './prometheus.ts';

const plan = (more: Record<string, unknown>) => scrapedPlan({ source: { users: 'users' }, ...more });
const sliced = plan({ coverage: [{ slice: 'tier=enterprise', minUsers: 5 }, { slice: 'tier=free' }] });

let prometheus: Scraped;
beforeAll(async () => {
  prometheus = await startScraped(2);
}, 60_000);
afterAll(() => prometheus?.close());

interface Shown {
  variant: string;
  tier: string;
  good: number;
  bad: number;
  users: number;
}

function show(target: Target, { variant, tier, good, bad, users }: Shown): void {
  const labels = `variant="${variant}",tier="${tier}"`;
  target.set(`requests_total{${labels},code="200"}`, good);
  target.set(`requests_total{${labels},code="500"}`, bad);
  target.set(`seconds_bucket{${labels},le="0.1"}`, good);
  target.set(`seconds_bucket{${labels},le="+Inf"}`, good + bad);
  target.set(`users{${labels}}`, users);
}

function sampleOf(reading: Reading) {
  if (reading.kind === 'rejected') throw new Error(JSON.stringify(reading.rejections));
  return reading.sample;
}

const counts = ({ requests, ratios, histograms, users }: CohortSample) => ({
  requests,
  errors: ratios['errors']?.events,
  latency: histograms['latency']?.map(([, count]) => count),
  users,
});

it('slices of a real Prometheus are read with the whole, without a query more', async () => {
  const [first, second] = prometheus.targets as [Target, Target];
  const round = (n: number) => {
    show(first, { variant: 'off', tier: 'free', good: 1000 + 100 * n, bad: 5 + n, users: 90 });
    show(first, { variant: 'off', tier: 'enterprise', good: 50 + 10 * n, bad: 0, users: 8 });
    show(first, { variant: 'on', tier: 'enterprise', good: 7 + n, bad: 3 * n, users: 4 });
    show(second, { variant: 'off', tier: 'free', good: 500 + 40 * n, bad: n, users: 70 });
    show(second, { variant: 'on', tier: 'free', good: 20 + 5 * n, bad: 0, users: 6 });
    show(second, { variant: 'on', tier: 'enterprise', good: 2 * n, bad: n, users: 3 });
  };
  round(0);
  const since = await prometheus.scraped();
  await expect.poll(() => Date.now() / 1000 - since, { timeout: 10_000 }).toBeGreaterThan(3 * POLL);
  const from = await prometheus.scraped();
  round(1);
  await prometheus.scraped();
  await expect.poll(() => Date.now() / 1000 - from, { timeout: 10_000 }).toBeGreaterThan(2 * POLL);
  await prometheus.scraped();
  const to = from + POLL;

  const queried = async (of: Plan) => {
    const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
    const before = await prometheus.answered();
    const reading = await source.read({ plan: of, stage: '5%', from, to, origin: from });
    const sent = (await prometheus.answered()) - before;
    source.close();
    return { sample: sampleOf(reading), sent };
  };
  const { sample, sent } = await queried(sliced);
  const whole = await queried(plan({}));
  expect(sent).toBe(whole.sent);
  const { slices = {}, ...others } = sample;
  expect(others).toEqual(whole.sample);
  expect(counts(sample.canary)).toEqual({ requests: 12, errors: 4, latency: [8, 12], users: 9 });
  expect(Object.keys(slices)).toEqual(['tier=enterprise', 'tier=free']);
  const [enterprise, free] = Object.values(slices);
  expect(enterprise && [counts(enterprise.baseline), counts(enterprise.canary)]).toEqual([
    { requests: 10, errors: 0, latency: [10, 10], users: 8 },
    { requests: 7, errors: 4, latency: [3, 7], users: 4 },
  ]);
  expect(free && [counts(free.baseline), counts(free.canary)]).toEqual([
    { requests: 142, errors: 2, latency: [140, 142], users: 90 },
    { requests: 5, errors: 0, latency: [5, 5], users: 6 },
  ]);
  expect(enterprise?.halves?.map(({ requests }) => requests).sort((a, b) => a - b)).toEqual([0, 10]);
  // The time before a rollout has them too, of the baseline alone and for no query more.
  const past = async (of: Plan) => {
    const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
    const before = await prometheus.answered();
    const history = await source.history({ plan: of, until: to, windows: 1, origin: to + 1 });
    const asked = (await prometheus.answered()) - before;
    source.close();
    return { samples: history.samples, asked };
  };
  const [before, without] = [await past(sliced), await past(plan({}))];
  expect(before.asked).toBe(without.asked);
  const [one] = before.samples;
  const { users: _, ...seen } = enterprise?.baseline ?? sample.baseline;
  expect(one?.slices?.['tier=enterprise']).toEqual({ baseline: seen, halves: enterprise?.halves });
  expect(without.samples[0]?.slices).toBeUndefined();
  // Both processes count both cohorts: one of them says how the users are split.
  expect([
    { by: first.instance, baseline: 98, canary: 4 },
    { by: second.instance, baseline: 70, canary: 9 },
  ]).toContainEqual(sample.split);
}, 60_000);

it('a slice that the baseline does not have is found before anything starts', async () => {
  const source = createPrometheusSource({ url: prometheus.url, settle: 0, timeout: 5 });
  const at = await prometheus.scraped();
  const wrong = async (of: Plan) => (await source.check(of, at)).filter(({ kind }) => kind !== 'uses');
  expect(await wrong(sliced)).toEqual([]);
  const unknown = plan({ coverage: [{ slice: 'tier=gold', metrics: ['errors'] }] });
  expect(await wrong(unknown)).toEqual([
    expect.objectContaining({
      metric: 'errors',
      kind: 'no-baseline',
      detail: expect.stringContaining('with tier=gold'),
    }),
  ]);
  source.close();
}, 60_000);
