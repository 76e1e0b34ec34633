import { describe, expect, test } from 'vitest';
import type { Comparison, ComparisonRow } from '../../plans/comparison.ts';
import { NOON } from '../../test/fixtures/rollout-view.ts';
import { comparisonTable, renderComparison } from './comparison.ts';
import { plainInk, widthOf } from './ink.ts';

const known = (value: number, of: number | null = null) => ({ value, of, beyond: false });
const ROW: ComparisonRow = {
  kind: 'ratio',
  metric: 'errors',
  slice: null,
  quantile: null,
  edge: null,
  baseline: known(0.0049, 38_000),
  canary: known(0.0061, 2000),
  difference: 0.0012,
  relative: 0.245,
  interval: [-0.0004, 0.0031],
  acceptable: '≤ +0.1 pp, hard +0.5 pp',
  verdict: 'hold',
  proven: null,
  note: null,
};
const COMPARISON: Comparison = {
  stage: '5%',
  visit: 1,
  planRevision: 1,
  state: 'now',
  from: 3600,
  to: 7200,
  compared: true,
  level: 0.99,
  verdict: 'hold',
  metric: null,
  reason: 'baking, 20 min to go',
  lnE: 2,
  threshold: Math.log(100),
  polls: { used: 240, ignored: 0, rejected: 0 },
  rows: [
    {
      ...ROW,
      kind: 'requests',
      metric: null,
      baseline: known(38_000),
      canary: known(2000),
      difference: 0.05,
      relative: null,
      interval: null,
      acceptable: '5 % planned, at least 500',
      verdict: 'pass',
    },
    ROW,
    {
      ...ROW,
      kind: 'quantile',
      metric: 'latency',
      quantile: 0.95,
      baseline: known(0.212, 38_000),
      canary: known(0.2094, 2000),
      difference: -0.0026,
      relative: -0.012,
      interval: [-0.15, 0.05],
      acceptable: '≤ +20 %, hard +50 %',
      verdict: 'pass',
      note: null,
    },
    {
      ...ROW,
      kind: 'mean',
      metric: 'the value of a basket at the checkout of the shop',
      baseline: known(21.4),
      canary: known(20.9),
      difference: -0.5,
      relative: -0.023,
      interval: [-2.1, 1.1],
      acceptable: '≥ -1.07',
      verdict: 'pass',
    },
  ],
  notes: ['the noise between equal cohorts is assumed (0.3)'],
};

const page = (width: number) => ({ width, now: NOON, ink: plainInk });

describe('the comparison on a screen', () => {
  test('of 140 columns shows everything', () => {
    const [titles, requests, errors, latency] = comparisonTable(COMPARISON, page(140));
    expect(titles).toMatch(/metric +baseline +canary +difference +interval +acceptable +verdict/);
    expect(requests).toMatch(/requests +38,000 +2,000 +5 % of all +– +5 % planned, at least 500 +pass/);
    expect(errors).toMatch(
      /errors +0.49 % +0.61 % +\+0.12 pp +\+25 % +-0.04 to \+0.31 pp +≤ \+0.1 pp, hard \+0.5 pp +hold/,
    );
    expect(latency).toMatch(
      /latency p95 +212 ms +209 ms +-2.6 ms +-1.2 % +-150 to \+50 ms +≤ \+20 %, hard \+50 % +pass/,
    );
  });

  test.each([120, 100, 80, 60])('of %d columns loses no verdict and no number of a cohort', (width) => {
    const lines = renderComparison(COMPARISON, page(width));
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    const errors = lines.find((line) => line.includes('errors')) ?? '';
    expect(errors).toMatch(/0.49 % +0.61 % +\+0.12 pp.*hold$/);
    expect(lines.join('\n')).toContain('baking, 20 min to go');
    expect(lines.join(' ').replace(/\s+/g, ' ')).toContain('99 % confidence sequences of the difference');
  });

  test.each([140, 60])('of %d columns has the rows of a slice under its name', (width) => {
    const slice = 'tier=enterprise';
    const rows = [...COMPARISON.rows, { ...ROW, slice, canary: known(0.4, 60) }];
    const lines = comparisonTable({ ...COMPARISON, rows }, page(width));
    expect(lines.slice(-2)).toEqual([slice, expect.stringMatching(/^ {2}errors +0.49 % +40 % .*hold$/)]);
  });

  test('leaves out first what matters least', () => {
    expect(comparisonTable(COMPARISON, page(100))[0]).toContain('acceptable');
    expect(comparisonTable(COMPARISON, page(60))[0]).toMatch(/metric +baseline +canary +difference +verdict/);
  });
});
