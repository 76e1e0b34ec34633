import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CohortMetrics } from '../client/metrics.ts';
import { PathMetrics } from '../client/path-metrics.ts';
import { clientMetrics, clientMetricsYaml, unusedByClient } from './client-metrics.ts';
import { parsePlan } from './parse.ts';

const example = readFileSync(new URL('./examples/dispatcher.yaml', import.meta.url), 'utf8');
const options = {
  service: 'shop',
  flag: 'search-v3',
  events: [{ name: 'order', soft: '-1pp' }],
  breakdown: ['endpoint', 'region'] as const,
};

function planWith(yaml: string): string {
  return `metadata: { name: a, owner: me }\nflag: { key: a }\n${yaml}stages: [{ name: 1%, percent: 1, bake: 24h }, { name: 100%, percent: 100, bake: 24h }]\n`;
}

describe('the metrics of a plan for an application with a dispatcher', () => {
  it('are those of the example, which nobody wrote by hand', () => {
    const plan = parse(example);
    const { source, metrics, limits } = clientMetrics(options);
    expect(plan.source).toEqual(source);
    expect(plan.metrics).toEqual(metrics);
    expect(plan.limits).toEqual(limits);
    expect(plan.stages.at(-1).decommission.unused).toBe(unusedByClient(options));
    expect(parsePlan(example, 'dispatcher.yaml')).toMatchObject({ kind: 'ok', warnings: [] });
  });

  it.each([
    ['cohorts', {}],
    ['another prefix', { prefix: 'shop' }],
    ['shadow runs', { of: 'shadow' as const }],
    ['names that PromQL must quote', { service: 'a "b"\\c\nd', flag: 'x' }],
  ])('make a plan: %s', (_, changed) => {
    const result = parsePlan(planWith(clientMetricsYaml({ ...options, ...changed })), 'a.yaml');
    expect(result).toMatchObject({ kind: 'ok' });
  });

  it('compare both paths of the same requests while nothing new is served', () => {
    const { metrics } = clientMetrics({ ...options, of: 'shadow' });
    expect(metrics.map((metric) => metric['name'])).toEqual(['errors', 'latency']);
    expect(JSON.stringify(metrics)).not.toMatch(/tidegate_requests_total|endpoint/);
  });

  it('have the names and labels that the client exposes', async () => {
    const registry = new Registry();
    const cohorts = new CohortMetrics({ registry, service: 'shop' });
    new PathMetrics({ registry, service: 'shop' }).parity('search-v3', 'match');
    const cohort = { flag: 'search-v3', variant: 'on', audience: 'public' } as const;
    cohorts.record({ ...cohort, endpoint: 'GET /', region: 'eu', seconds: 1 });
    cohorts.seen(cohort, 'ada');
    cohorts.event(cohort, 'order');
    const page = await registry.metrics();
    const written = JSON.stringify(clientMetrics(options)) + unusedByClient(options);
    const selectors = [...written.matchAll(/(tidegate_\w+)\{(.*?)\}/g)];
    expect(selectors.length).toBeGreaterThan(8);
    for (const [, name = '', matchers = ''] of selectors) {
      expect(page).toContain(`# TYPE ${name} `);
      if (name.includes('fallbacks')) continue;
      const series = page.split('\n').filter((line) => line.startsWith(name));
      for (const [, label] of matchers.matchAll(/(\w+)(?==|!=)/g))
        expect(series.some((line) => line.includes(`${label}=`))).toBe(true);
    }
  });
});
