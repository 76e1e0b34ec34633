import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Buckets, CohortSample } from '../plans/sample.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { planOf, reading, rejected } from './traffic.fixture.ts';

/** A hundred requests, of which `slow` take up to two seconds and the others up to a tenth of one. */
const times = (slow: number, requests = 100): Buckets => [
  [0.1, requests - slow],
  [1, requests - slow],
  [2, requests],
  ['+Inf', requests],
];

const KINDS = {
  latency: {
    metric: { kind: 'latency', histogram: 'h' },
    // p95: a little below 0.1 s, or in the bucket up to 2 s.
    cohort: (high: boolean) => ({ histograms: { m: times(high ? 50 : 0) } }),
    none: { histograms: { m: times(0, 0) } },
    above: 0.8,
  },
  mean: {
    metric: { kind: 'mean', sum: 's', count: 'c' },
    cohort: (high: boolean) => ({ means: { m: { sum: high ? 5000 : 2000, count: 100 } } }),
    none: { means: { m: { sum: 0, count: 0 } } },
    above: 40,
  },
  gauge: {
    metric: { kind: 'gauge', gauge: 'g' },
    cohort: (high: boolean) => ({ gauges: { m: high ? 0.9 : 0.3 } }),
    none: {},
    above: 0.5,
  },
} as const;

type Kind = keyof typeof KINDS;

function watching(kind: Kind, limit: Record<string, unknown>) {
  const plan = planOf({
    // No margins: what stops here is the limit.
    metrics: [{ name: 'm', ...KINDS[kind].metric }],
    stages: [{ name: '50%', percent: 50, bake: '1m', minRequests: 0 }],
    limits: [{ name: 'ceiling', metric: 'm', ...limit }],
  });
  let evidence = openEvidence(plan);
  let t = 0;
  const said = (): Assessment => assess(evidence, plan, { stageIndex: 0 });
  const cohort = (more: Partial<CohortSample>): CohortSample => ({
    requests: 100,
    ratios: {},
    histograms: {},
    ...more,
  });
  return {
    see(canary: boolean | 'nothing', baseline = false): Assessment {
      t += 15;
      const of = (one: boolean | 'nothing') =>
        cohort(one === 'nothing' ? KINDS[kind].none : KINDS[kind].cohort(one));
      const sample = { stage: '50%', t, baseline: of(baseline), canary: of(canary) };
      evidence = observe(evidence, plan, reading(sample), { stageIndex: 0 });
      return said();
    },
    lose(): Assessment {
      t += 15;
      evidence = observe(evidence, plan, rejected(t), { stageIndex: 0 });
      return said();
    },
  };
}

describe.each(['latency', 'mean', 'gauge'] as const)('a limit on a %s', (kind) => {
  test('fires once the canary was above it for as long as the plan says', () => {
    const one = watching(kind, { above: KINDS[kind].above, for: '45s', action: 'rollback' });
    expect(one.see(true).limits).toMatchObject([{ fired: false, since: 15, threshold: KINDS[kind].above }]);
    expect(one.see(false)).toMatchObject({ verdict: 'hold', limits: [{ fired: false, since: null }] });
    one.see(true);
    // Polls without requests, or that were lost, count neither way.
    expect(one.see('nothing').limits).toMatchObject([{ fired: false, since: 45 }]);
    expect(one.lose().limits).toMatchObject([{ fired: false, since: 45 }]);
    expect(one.see(true).limits).toMatchObject([{ fired: false, since: 45 }]);
    expect(one.see(true)).toMatchObject({
      verdict: 'hard',
      reason: expect.stringMatching(/^limit "ceiling": .+ is above .+ for 45 s$/),
      limits: [{ fired: true, action: 'rollback' }],
    });
  });

  test('may be a multiple of what the baseline has in the same poll', () => {
    const one = watching(kind, { above: '2x baseline', for: '30s' });
    expect(one.see(true, true).limits).toMatchObject([{ fired: false, since: null }]);
    expect(one.see(true).limits).toMatchObject([{ fired: false, since: 30 }]);
    expect(one.see(true)).toMatchObject({ verdict: 'hold', limits: [{ fired: true, action: 'pause' }] });
    // Both are slow: the multiple is of the same poll.
    expect(one.see(true, true).limits).toMatchObject([{ fired: false, since: null }]);
  });

  test('may be one of the baseline', () => {
    const one = watching(kind, { above: KINDS[kind].above, cohort: 'baseline' });
    expect(one.see(true, false).limits).toMatchObject([{ fired: false }]);
    expect(one.see(false, true).limits).toMatchObject([{ fired: true }]);
  });
});

test('a limit that the baseline had nothing for is neither above nor below', () => {
  const plan = planOf({
    metrics: [{ name: 'm', kind: 'mean', sum: 's', count: 'c' }],
    stages: [{ name: '50%', percent: 50, bake: '1m', minRequests: 0 }],
    limits: [{ name: 'twice', metric: 'm', above: '2x baseline', action: 'rollback' }],
  });
  const cohort = (sum: number, count: number): CohortSample => ({
    requests: 100,
    ratios: {},
    histograms: {},
    means: { m: { sum, count } },
  });
  const sample = { stage: '50%', t: 15, baseline: cohort(0, 0), canary: cohort(900, 9) };
  const evidence = observe(openEvidence(plan), plan, reading(sample), { stageIndex: 0 });
  expect(assess(evidence, plan, { stageIndex: 0 }).limits).toMatchObject([{ fired: false, value: null }]);
});
