import { expect, it } from 'vitest';
import { openEvidence } from '../analysis/gate.ts';
import { openLatency } from '../analysis/latency.ts';
import { edgesUnderTest, noted } from './watching.ts';
import { assessment, planOf } from './world.fixture.ts';

it('the edges that are read for are those of the whole and of every slice, chosen or learnt', () => {
  const latency = (edges: number[] | null) => ({ ...openLatency(), edges });
  const slice = (edges: number[] | null) => ({
    users: null,
    requests: { baseline: 0, canary: 0 },
    missing: null,
    metrics: { p95: latency(edges) },
  });
  const evidence = {
    ...openEvidence(planOf()),
    metrics: { p95: latency([0.1, 0.3]), p99: latency(null) },
    slices: { 'tier=enterprise': slice([0.3, 0.8]), 'tier=free': slice(null) },
  };
  const learnt = {
    dispersion: {},
    edges: { p95: [9], p99: [2], 'p95{tier=free}': [0.05], 'p95{tier=enterprise}': [7] },
  };
  const memory = { evidence, learnt, since: 0, cursor: 0, cleanSince: null };
  const { p95, p99 } = edgesUnderTest(memory);
  expect(p95?.toSorted()).toEqual([0.05, 0.1, 0.3, 0.8]);
  expect(p99).toEqual([2]);
});

it('what a window was read without stands among the warnings of its verdict, each text once', () => {
  const of = assessment('hold', { warnings: ['assumed'] });
  const cohort = { requests: 1, ratios: {}, histograms: {} };
  const sample = { stage: 's', t: 1, baseline: cohort, canary: cohort };
  const reading = { kind: 'sample', sample, expressions: {}, queries: [] } as const;
  const read = (notes: string[]) => ({ ...reading, sample, expressions: {}, queries: [], notes });
  expect(noted(of, read(['pod-0 is left out', 'pod-0 is left out'])).warnings).toEqual([
    'assumed',
    'pod-0 is left out',
  ]);
  expect(noted(of, read([]))).toBe(of);
  expect(noted(of, { kind: 'rejected', t: 1, rejections: [], queries: [] })).toBe(of);
});
