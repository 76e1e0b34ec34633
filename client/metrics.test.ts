import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { CohortMetrics } from './metrics.ts';

const on = { flag: 'pricing-v2', variant: 'on', audience: 'public' } as const;
const off = { ...on, variant: 'off' } as const;

function metrics() {
  const registry = new Registry();
  return { registry, cohorts: new CohortMetrics({ registry, prefix: 'shop', service: 'shop' }) };
}

describe('CohortMetrics', () => {
  it('counts every passage under its cohort, with time and status', async () => {
    const { registry, cohorts } = metrics();
    const passage = { endpoint: 'GET /products', region: 'eu-west', seconds: 0.012 };
    for (const code of [200, 200, 503]) cohorts.record({ ...on, ...passage, code });
    cohorts.record({ ...off, ...passage, code: 200 });
    const text = await registry.metrics();
    expect(text).toContain(
      'shop_requests_total{service="shop",flag="pricing-v2",variant="on",audience="public",endpoint="GET /products",region="eu-west",code="503",outcome="error"} 1',
    );
    expect(text).toContain(
      'shop_request_duration_seconds_count{service="shop",flag="pricing-v2",variant="on",audience="public",endpoint="GET /products"} 3',
    );
    expect(text).toMatch(/_bucket\{le="0.01",[^}]*variant="on"[^}]*\} 0/);
    expect(text).toMatch(/_bucket\{le="0.015",[^}]*variant="on"[^}]*\} 3/);
  });

  it('counts a user once per cohort, and anew after the flag changed', async () => {
    const { registry, cohorts } = metrics();
    for (const user of ['ada', 'bob', 'ada']) cohorts.seen(on, user);
    cohorts.seen(off, 'eve');
    expect(await registry.metrics()).toMatch(/shop_users\{.*variant="on".*\} 2/);
    cohorts.forgetUsers('another');
    expect(await registry.metrics()).toMatch(/shop_users\{.*variant="on".*\} 2/);
    cohorts.forgetUsers('pricing-v2');
    cohorts.seen(on, 'bob');
    const text = await registry.metrics();
    expect(text).toMatch(/shop_users\{.*variant="on".*\} 1/);
    expect(text).toMatch(/shop_users\{.*variant="off".*\} 0/);
  });

  it('keeps labels bounded, whatever an application puts into them', async () => {
    const registry = new Registry();
    const cohorts = new CohortMetrics({
      registry,
      service: 'shop',
      limits: { endpoints: 3, variants: 2, flags: 2 },
    });
    for (let i = 0; i < 50; i++) {
      cohorts.record({
        ...on,
        flag: `flag-${i}`,
        variant: `v${i}`,
        endpoint: `/user/${i}`,
        region: 'eu',
        code: 1_000 + i,
        seconds: 1,
      });
    }
    const text = await registry.metrics();
    const series = text.split('\n').filter((line) => line.startsWith('tidegate_requests_total{'));
    expect(series).toHaveLength(4);
    expect(text).toMatch(
      /tidegate_requests_total\{.*flag="other",variant="other".*endpoint="other".*code="other".*\} 47/,
    );
  });

  it('counts what users do later under the same cohort', async () => {
    const { registry, cohorts } = metrics();
    cohorts.event(on, 'order');
    cohorts.event(on, 'order');
    expect(await registry.metrics()).toContain(
      'shop_events_total{service="shop",flag="pricing-v2",variant="on",audience="public",event="order"} 2',
    );
  });
});
