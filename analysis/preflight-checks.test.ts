import { describe, expect, test } from 'vitest';
import type { AlertRule } from '../plans/preflight.ts';
import { noiseFindings } from './noise-curve.ts';
import { alertFindings, labelFindings, rulesAbout, splitFinding } from './preflight-checks.ts';
import { planOf } from './traffic.fixture.ts';

const plan = planOf({
  metadata: { name: 'pricing-v2', service: 'shop' },
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'errors_total{a="b"}', total: 'requests_total', soft: '+0.1pp' },
    { name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%' },
  ],
});
const rule = (name: string, more: Partial<AlertRule>): AlertRule => ({
  name,
  expr: 'up == 0',
  labels: {},
  healthy: true,
  ...more,
});

describe('alerts for the service', () => {
  test('are rules that name it, its flag or a series of the plan, and no others', () => {
    const rules = [
      rule('by label', { labels: { service: 'shop' } }),
      rule('by flag', { labels: { flag: 'pricing-v2' } }),
      rule('by series', { expr: 'rate(errors_total[5m]) > 1' }),
      rule('by bucket', { expr: 'histogram_quantile(0.9, rate(seconds_bucket[5m])) > 1' }),
      rule('by matcher', { expr: 'up{app="shop"} == 0' }),
      rule('another', { expr: 'other_requests_total_more > 1', labels: { service: 'shopping' } }),
    ];
    expect(rulesAbout(plan, rules).map(({ name }) => name)).toEqual([
      'by label',
      'by flag',
      'by series',
      'by bucket',
      'by matcher',
    ]);
  });

  test('are missed where there are none, and where one cannot be evaluated', () => {
    expect(alertFindings(plan, [rule('another', {})])).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('none of its 1 alerting rules') },
    ]);
    expect(alertFindings(plan, [rule('a', { labels: { service: 'shop' } })])).toEqual([]);
    expect(alertFindings(plan, [rule('a', { labels: { service: 'shop' }, healthy: false })])).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('cannot be evaluated') },
    ]);
    expect(alertFindings(plan, null)).toMatchObject([{ severity: 'note' }]);
  });
});

describe('the split of the requests', () => {
  const exposure = (percent: number, segments: string[] = []) => ({ percent, segments, variant: null });
  const split = (canary: number, of = 100_000) => ({ seconds: 900, canary, baseline: of - canary });

  test('may differ from the flag by a factor of two in the odds, as requests are not users', () => {
    for (const canary of [5000, 3000, 9000]) expect(splitFinding(split(canary), exposure(5))).toBeNull();
    for (const canary of [1000, 20_000])
      expect(splitFinding(split(canary), exposure(5))).toMatchObject({ check: 'split', severity: 'warning' });
  });

  test('is wrong when nobody should have the canary and some do', () => {
    expect(splitFinding(split(0), exposure(0))).toBeNull();
    expect(splitFinding(split(2000), exposure(0))?.message).toContain('the flag gives it to nobody');
  });

  test('may be as large as segments make it, and not smaller than the percentage', () => {
    expect(splitFinding(split(40_000), exposure(5, ['employees']))).toBeNull();
    expect(splitFinding(split(500), exposure(5, ['employees']))).not.toBeNull();
  });

  test('says nothing of a few requests', () => {
    expect(splitFinding(split(30, 60), exposure(5))).toBeNull();
    expect(splitFinding(split(12, 110), exposure(5))).toBeNull();
  });

  test('at 100 % leaves nothing to the baseline but by plan', () => {
    expect(splitFinding(split(100_000), exposure(100))).toBeNull();
    expect(splitFinding(split(20_000), exposure(100))).not.toBeNull();
  });
});

test('labels that nothing has, and those with too many values, are found', () => {
  const label = { metric: 'errors', label: 'endpoint', values: 5, series: 40, labelled: 40 };
  expect(labelFindings([label])).toEqual([]);
  expect(labelFindings([{ ...label, values: 0, labelled: 0 }])).toMatchObject([{ severity: 'warning' }]);
  expect(labelFindings([{ ...label, values: 4000 }])).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('4000 values') },
  ]);
  expect(labelFindings([{ ...label, values: 1 }])).toMatchObject([{ severity: 'note' }]);
  expect(labelFindings([{ ...label, series: 0 }])).toEqual([]);
});

test('a service that is noisier than the plan assumes is found, and noise that was not measured is told', () => {
  const learnt = (errors: number[]) => ({ dispersion: { errors }, edges: {} });
  expect(noiseFindings(plan, learnt([0.04, 0.05, 0.06]))).toMatchObject([
    { severity: 'note', where: 'latency' },
  ]);
  const [noisy] = noiseFindings(plan, learnt([0.04, 0.25, 0.64]));
  expect(noisy).toMatchObject({ severity: 'warning', where: 'errors' });
  expect(noisy?.message).toContain('80 % over 4 polls, the plan assumes 38 %');
});
