import { describe, expect, test } from 'vitest';
import { holding } from '../plans/holding-words.ts';
import type { CohortSample } from '../plans/sample.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { planOf, reading } from './traffic.fixture.ts';

const STAGES = [{ name: '50%', percent: 50, bake: '1m', minRequests: 0 }];
const METRICS = [
  { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp' },
  { name: 'conversion', kind: 'ratio', good: 'orders', total: 'visits', soft: '-5pp' },
  { name: 'revenue', kind: 'mean', sum: 's', count: 'c', soft: '-50%' },
];

/** Requests, visits and orders of one window. */
type Counts = readonly [requests: number, visits: number, orders: number];
const ALL: Counts = [1000, 100, 50];
const NONE: Counts = [0, 0, 0];

function cohort([requests, visits, orders]: Counts): CohortSample {
  return {
    requests,
    ratios: {
      errors: { events: 0, total: requests },
      conversion: { events: Math.min(visits, orders), total: visits },
    },
    histograms: {},
    means: { revenue: { sum: 20 * orders, count: orders } },
  };
}

function gate(more: Record<string, unknown> = {}) {
  const plan = planOf({ metrics: METRICS, stages: STAGES, ...more });
  let evidence = openEvidence(plan);
  let t = 0;
  return {
    see(canary: Counts, { baseline = ALL, polls = 1 }: { baseline?: Counts; polls?: number } = {}) {
      for (let i = 0; i < polls; i++) {
        t += 15;
        const sample = { stage: '50%', t, baseline: cohort(baseline), canary: cohort(canary) };
        evidence = observe(evidence, plan, reading(sample), { stageIndex: 0 });
      }
      const found = assess(evidence, plan, { stageIndex: 0 });
      return { ...found, words: found.holding.map((one) => holding(one, t)) };
    },
  };
}

describe('a gate whose polls nobody can use', () => {
  test('says which cohort has no requests, and for how long', () => {
    const one = gate();
    expect(one.see(ALL, { polls: 5 }).verdict).toBe('pass');
    expect(one.see(NONE, { polls: 8 })).toMatchObject({
      verdict: 'hold',
      reason: 'no requests of the canary for 2 min',
      words: ['no requests of the canary for 2 min'],
    });
    expect(one.see(NONE, { baseline: NONE })).toMatchObject({ reason: 'no requests for 2 min 15 s' });
    expect(one.see(ALL).verdict).toBe('pass');
    expect(one.see(ALL, { baseline: NONE })).toMatchObject({
      verdict: 'hold',
      reason: 'no requests of the baseline for 15 s',
    });
  });

  test('says so where nothing was seen at all', () => {
    const plan = planOf();
    expect(assess(openEvidence(plan), plan, { stageIndex: 0 }).reason).toMatch(
      /^nothing was seen of this stage yet; /,
    );
  });

  test('asks no baseline where nothing is compared', () => {
    const one = gate({ stages: [{ name: '50%', percent: 100, bake: '1m', minRequests: 0 }] });
    expect(one.see(ALL, { baseline: NONE, polls: 5 }).verdict).toBe('pass');
    expect(one.see(NONE, { baseline: NONE, polls: 2 })).toMatchObject({
      verdict: 'hold',
      reason: 'no requests of the canary for 30 s',
    });
  });
});

describe('a metric of which one cohort falls silent', () => {
  test.each([
    ['revenue', 'canary', [1000, 100, 0], ALL],
    ['revenue', 'baseline', ALL, [1000, 100, 0]],
    ['conversion', 'canary', [1000, 0, 50], ALL],
    ['errors', 'canary', [0, 100, 50], ALL],
  ] as const)('holds: %s of the %s', (metric, of, canary, baseline) => {
    const one = gate();
    expect(one.see(ALL, { polls: 5 }).verdict).toBe('pass');
    const other = of === 'canary' ? 'baseline' : 'canary';
    const said = `${metric}: nothing of the ${of} for 1 min 15 s, while the ${other} goes on`;
    const found = one.see(canary, { baseline, polls: 5 });
    expect(found).toMatchObject({ verdict: 'hold', reason: said, words: [said] });
    expect(found.metrics.find((at) => at.metric === metric)?.verdict).toBe('hold');
    expect(one.see(ALL).verdict).toBe('pass');
  });

  test('holds only once it has missed more than chance takes from it', () => {
    // The canary has an order for each of the baseline's 25: of 450 it misses 18, of 500 it misses 20.
    const few: Counts = [1000, 100, 2];
    const rare = gate();
    expect(rare.see(few, { polls: 20 }).verdict).toBe('pass');
    expect(rare.see([1000, 100, 0], { polls: 9 }).verdict).toBe('pass');
    expect(rare.see([1000, 100, 0]).verdict).toBe('hold');
    expect(rare.see(few).verdict).toBe('pass');
  });

  test('counts what the other had meanwhile, so that a rare metric is not taken for a frequent one', () => {
    const one = gate();
    const rest: Counts = [1000, 100, 0];
    // One order in eight windows: five windows without one are no silence.
    for (let i = 0; i < 6; i++) {
      expect(one.see([1000, 100, 1]).holding.filter(({ kind }) => kind === 'quiet')).toEqual([]);
      expect(one.see(rest, { polls: 7 }).holding.filter(({ kind }) => kind === 'quiet')).toEqual([]);
    }
  });

  test('holds nothing where it decides nothing', () => {
    const shown = METRICS.map(({ soft, ...metric }) =>
      metric.name === 'revenue' ? metric : { ...metric, soft },
    );
    const one = gate({ metrics: shown });
    expect(one.see(ALL, { polls: 5 }).verdict).toBe('pass');
    expect(one.see([1000, 100, 0], { polls: 9 }).verdict).toBe('pass');
  });
});
