import { describe, expect, test } from 'vitest';
import { cellsOf, comparisonMarkdown, notesOf } from '../plans/comparison-cells.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import type { Margin } from '../plans/units.ts';
import { compare, compareAhead } from './comparison.ts';
import { assess } from './gate.ts';
import { type Accepted, Replay, type StoredPoll } from './replay.ts';
import { latencyBuckets, planOf, poisson, randomOf } from './traffic.fixture.ts';

const POLL = 15;

const plan = planOf({
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp', hard: '+0.5pp' },
    { name: 'orders', kind: 'ratio', good: 'orders', total: 'visits', soft: '-1pp' },
    { name: 'latency', kind: 'latency', histogram: 'seconds', quantile: 0.9, soft: '+20%', hard: '+50%' },
    { name: 'basket', kind: 'mean', sum: 'sum', count: 'count', soft: '-5%' },
    { name: 'memory', kind: 'gauge', gauge: 'bytes', soft: '+20%' },
    { name: 'temperature', kind: 'gauge', gauge: 'degrees', compare: 'canary' },
  ],
  stages: [
    { name: 'internal', audience: { segments: ['employees'] }, bake: '5m' },
    { name: '5%', percent: 5, bake: '10m', minRequests: 500, minUsers: 10 },
    { name: '25%', percent: 25, bake: '10m' },
    { name: '100%', percent: 100, bake: '10m' },
  ],
});

interface Rates {
  errors: number;
  mean: number;
  basket: number;
}

const GOOD: Rates = { errors: 0.01, mean: 0.2, basket: 20 };

function cohort(random: () => number, requests: number, { errors, mean, basket }: Rates): CohortSample {
  const visits = Math.round(requests / 2);
  return {
    requests,
    ratios: {
      errors: { events: Math.min(requests, poisson(random, requests * errors)), total: requests },
      orders: { events: Math.min(visits, poisson(random, visits * 0.1)), total: visits },
    },
    histograms: { latency: latencyBuckets(random, { requests, mean }) },
    means: { basket: { sum: visits * (basket + random()), count: visits } },
    gauges: { memory: 100 + random(), temperature: 40 },
    users: Math.round(requests / 3),
  };
}

function polls(
  stage: string,
  share: number,
  more: { from?: number; count?: number; canary?: Rates } = {},
): StoredPoll[] {
  const random = randomOf(7 + (more.from ?? 0));
  return Array.from({ length: more.count ?? 20 }, (_, i) => {
    const t = (more.from ?? 0) + (i + 1) * POLL;
    const canary = Math.round(2000 * share);
    const sample: Sample = {
      stage,
      t,
      baseline: cohort(random, 2000 - canary, GOOD),
      canary: cohort(random, canary, more.canary ?? GOOD),
    };
    return { stage, t, sample, assessment: null };
  });
}

function replayOf(recorded: readonly StoredPoll[], accepted: Accepted[] = [], of: Plan = plan): Replay {
  const replay = new Replay(of, { accepted });
  for (const poll of recorded) replay.add(poll);
  return replay;
}

function comparisonOf(recorded: readonly StoredPoll[]) {
  const visit = replayOf(recorded).visits.at(-1);
  if (visit === undefined) throw new Error('no visit');
  return compare(visit);
}

const labels = (of: ReturnType<typeof comparisonOf>) => of.rows.map((row) => cellsOf(row, of).metric);

describe('a comparison', () => {
  const of = comparisonOf(polls('5%', 0.05));
  const row = (label: string) => {
    const found = of.rows.find((one) => cellsOf(one, of).metric === label);
    if (found === undefined) throw new Error(label);
    return found;
  };

  test('has requests, users and every metric of the plan, and of a latency its quantiles and its tested edge', () => {
    expect(labels(of)).toEqual([
      'requests',
      'users',
      'errors',
      'orders',
      'latency p50',
      'latency p90',
      'latency p95',
      'latency p99',
      expect.stringMatching(/^latency > \d+ ms$/),
      'basket',
      'memory',
      'temperature',
    ]);
  });

  test('says the difference of each kind in its unit, within its interval', () => {
    for (const label of ['errors', 'orders', 'latency p50', 'latency p90', 'basket', 'memory']) {
      const { difference, interval } = row(label);
      expect(interval?.[0]).toBeLessThan(difference ?? Number.NaN);
      expect(interval?.[1]).toBeGreaterThan(difference ?? Number.NaN);
    }
    expect(cellsOf(row('errors'), of)).toMatchObject({
      baseline: expect.stringMatching(/ %$/),
      difference: expect.stringMatching(/ pp$/),
      interval: expect.stringMatching(/^-[\d.]+ to \+[\d.]+ pp$/),
      acceptable: '≤ +0.1 pp, hard +0.5 pp',
    });
    expect(row('orders').acceptable).toBe('≥ -1 pp');
    expect(row('latency p90').acceptable).toBe('≤ +20 %, hard +50 %');
    expect(cellsOf(row('latency p50'), of)).toMatchObject({
      interval: expect.stringMatching(/^-\d+ to \+\d+ ms$/),
      acceptable: '–',
      verdict: '–',
    });
    expect(row('basket').acceptable).toMatch(/^≥ -/);
    expect(row('requests')).toMatchObject({ difference: 0.05, acceptable: '5 % planned, at least 500' });
    expect(row('users')).toMatchObject({ canary: { value: 33 }, acceptable: '5 % planned, at least 10' });
  });

  test('does not compare a gauge that the canary alone has', () => {
    const one = row('temperature');
    expect(one).toMatchObject({ baseline: { value: null }, canary: { value: 40 }, difference: null });
    expect(notesOf(of).join()).toContain('temperature: the baseline has no such value');
  });

  test('gives the verdict of the gate', () => {
    const bad = comparisonOf(polls('5%', 0.05, { canary: { ...GOOD, errors: 0.3 }, count: 40 }));
    expect(bad).toMatchObject({ verdict: 'hard', metric: 'errors', state: 'past' });
    expect(bad.rows.find(({ metric }) => metric === 'errors')?.verdict).toBe('hard');
    expect(bad.lnE).toBeGreaterThan(bad.threshold);
  });

  test('is the same as the live gate saw it, whose word stands', () => {
    const recorded = polls('5%', 0.05);
    const visit = replayOf(recorded).visits[0];
    if (visit === undefined) throw new Error('no visit');
    const live = assess(visit.evidence, plan, visit.context);
    const said = { ...live, verdict: 'hold' as const, reason: 'a limit on an expression' };
    expect(compare({ ...visit, recorded: said })).toMatchObject({
      verdict: 'hold',
      reason: 'a limit on an expression',
      lnE: live.lnE,
    });
  });
});

describe('the intervals of quantiles', () => {
  const later = { ...GOOD, mean: 1 };
  const interval = (recorded: readonly StoredPoll[], of: Plan, quantile = 0.5) => {
    const visit = replayOf(recorded, [], of).visits.at(-1);
    if (visit === undefined) throw new Error('no visit');
    return compare(visit).rows.find((row) => row.quantile === quantile)?.interval ?? null;
  };
  /** The halves of the baseline, the one slower by the same in every poll. */
  const halved = (recorded: readonly StoredPoll[], mean: number): StoredPoll[] => {
    const random = randomOf(3);
    return recorded.map((poll) => {
      const half = (of: number) => ({
        requests: 800,
        ratios: {},
        histograms: { latency: latencyBuckets(random, { requests: 800, mean: of }) },
      });
      const halves = [half(0.2), half(mean)] as const;
      return poll.sample === null ? poll : { ...poll, sample: { ...poll.sample, halves } };
    });
  };

  test('lie beyond zero where the canary is slower', () => {
    const noise = { ...plan, analysis: { ...plan.analysis, noise: 0.05 } };
    const found = interval(polls('25%', 0.25, { canary: later, count: 60 }), noise);
    expect(found?.[0]).toBeGreaterThan(0);
    expect(found?.[0]).toBeLessThan(0.8 * Math.LN2);
    expect(found?.[1]).toBeGreaterThan(0.8 * Math.LN2);
  });

  test('are wider the more equal halves of the baseline differ', () => {
    const noise = { ...plan, analysis: { ...plan.analysis, noise: 0.01 } };
    const recorded = polls('25%', 0.25, { canary: later, count: 60 });
    const width = ([low, high]: readonly [number, number]) => high - low;
    const calm = interval(halved(recorded, 0.2), noise);
    const noisy = interval(halved(recorded, 0.35), noise);
    expect(calm).not.toBeNull();
    expect(width(noisy ?? [0, Number.POSITIVE_INFINITY])).toBeGreaterThan(width(calm ?? [0, 0]));
  });

  test('begin again with each visit of a stage, as the counts do', () => {
    const { visits } = replayOf([...polls('5%', 0.05), ...polls('25%', 0.25, { from: 300, count: 8 })]);
    expect(visits.map(({ quantiles }) => quantiles['latency']?.polls)).toEqual([20, 8]);
    expect(visits.at(-1)?.quantiles['latency']?.squares.canary).toBe(8 * 500 * 500);
  });
});

describe('where there are no data', () => {
  test('of a stage that is ahead, words stand in the place of numbers', () => {
    const of = compareAhead(plan, { stageIndex: 1 });
    expect(of).toMatchObject({ state: 'ahead', verdict: null, from: null, to: null });
    for (const one of of.rows) {
      const cells = cellsOf(one, of);
      expect([cells.baseline, cells.canary]).not.toContain('0');
      expect(cells.canary).toBe('no data');
      expect(cells.verdict).toBe('–');
    }
    expect(comparisonMarkdown(of).join('\n')).not.toMatch(/NaN|Infinity|null|undefined/);
  });

  test('in a window without canary requests, nothing is 0 %', () => {
    const [first] = polls('5%', 0.05, { count: 1 });
    const sample = first?.sample as Sample;
    const canary = { ...cohort(randomOf(1), 0, GOOD), gauges: {}, means: { basket: { sum: 0, count: 0 } } };
    const of = comparisonOf([{ stage: '5%', t: POLL, assessment: null, sample: { ...sample, canary } }]);
    const errors = of.rows.find(({ metric }) => metric === 'errors');
    expect(errors).toMatchObject({ canary: { value: null, of: 0 }, difference: null, interval: null });
    expect(errors === undefined ? '' : cellsOf(errors, of).canary).toBe('no requests');
  });

  test('of a metric that the samples lack there are no data, and not no requests', () => {
    const [first] = polls('5%', 0.05, { count: 1 });
    const sample = first?.sample as Sample;
    const without = { ...sample, canary: { ...sample.canary, ratios: {} } };
    const of = comparisonOf([{ stage: '5%', t: POLL, assessment: null, sample: without }]);
    const errors = of.rows.find(({ metric }) => metric === 'errors');
    expect(errors === undefined ? '' : cellsOf(errors, of).canary).toBe('no data');
  });

  test('a window that was rejected is counted and adds nothing', () => {
    const of = comparisonOf([...polls('5%', 0.05), { stage: '5%', t: 1000, sample: null, assessment: null }]);
    expect(of.polls).toEqual({ used: 20, ignored: 0, rejected: 1 });
  });

  test('of a base of next to nothing no share is told', () => {
    const least = 5e-324;
    const [first] = polls('5%', 0.05, { count: 1 });
    const sample = first?.sample as Sample;
    const baseline = { ...sample.baseline, gauges: { memory: least, temperature: 40 } };
    const of = comparisonOf([{ stage: '5%', t: POLL, assessment: null, sample: { ...sample, baseline } }]);
    const memory = of.rows.find(({ metric }) => metric === 'memory');
    expect(memory).toMatchObject({ baseline: { value: least }, relative: null });
    expect(memory?.difference).toBeGreaterThan(99);
    expect(memory === undefined ? '' : cellsOf(memory, of).relative).toBe('');
    expect(comparisonMarkdown(of).join('\n')).not.toMatch(/NaN|Infinity/);
  });

  test.each([Number.NaN, -5])('of a window that was refused for %d users nothing is counted', (users) => {
    const good = polls('5%', 0.05);
    const spoilt = good.at(-1)?.sample as Sample;
    const refused = { ...spoilt, t: 1000, canary: { ...spoilt.canary, users } };
    const of = comparisonOf([...good, { stage: '5%', t: 1000, assessment: null, sample: refused }]);
    expect(of.polls).toEqual({ used: 20, ignored: 0, rejected: 1 });
    const { polls: counted, ...others } = of;
    const { polls: before, ...without } = comparisonOf([
      ...good,
      { stage: '5%', t: 1000, assessment: null, sample: null },
    ]);
    expect(counted).toEqual(before);
    // Why it was refused is known of the one and not of the other.
    expect({ ...others, reason: '' }).toEqual({ ...without, reason: '' });
    expect(others.rows.find(({ kind }) => kind === 'users')?.canary.value).toBe(33);
  });

  test('a quantile beyond the last bucket is said to be beyond it', () => {
    const of = comparisonOf(polls('5%', 0.05, { canary: { ...GOOD, mean: 30 } }));
    const p99 = of.rows.find(({ quantile }) => quantile === 0.99);
    expect(p99).toMatchObject({ canary: { beyond: true }, difference: null });
    expect(p99 === undefined ? '' : cellsOf(p99, of)).toMatchObject({
      canary: '> 2.5 s',
      difference: 'not known',
      interval: 'none',
    });
    expect(notesOf(of).join('\n')).toMatch(
      /latency: the difference of p99 is at least \+[\d.]+ (ms|s): the canary's may lie beyond the last bucket edge/,
    );
  });

  test('of one request a quantile has no interval, and it is said', () => {
    const [first] = polls('5%', 0.05, { count: 1 });
    const sample = first?.sample as Sample;
    const canary = cohort(randomOf(1), 1, GOOD);
    const of = comparisonOf([{ stage: '5%', t: POLL, assessment: null, sample: { ...sample, canary } }]);
    expect(of.rows.find(({ quantile }) => quantile === 0.95)).toMatchObject({ interval: null });
    expect(notesOf(of)).toContain('latency: too few requests for an interval of p95');
  });
});

describe('a replay', () => {
  test('keeps each visit of a stage as its gate last saw it', () => {
    const { visits } = replayOf([
      ...polls('5%', 0.05),
      ...polls('25%', 0.25, { from: 300 }),
      ...polls('5%', 0.05, { from: 600 }),
    ]);
    expect(visits.map(({ stage, visit }) => [stage, visit])).toEqual([
      ['5%', 1],
      ['25%', 1],
      ['5%', 2],
    ]);
    const second = visits[1];
    expect(second === undefined ? null : compare(second)).toMatchObject({ from: 300, to: 600 });
  });

  test('judges each poll by the plan that was in force, whatever came later', () => {
    const margin = (absolute: number): Margin => ({ direction: 'increase', absolute, relative: null });
    const metrics = plan.metrics.map((one) =>
      one.kind === 'ratio' && one.name === 'errors'
        ? { ...one, soft: margin(0.02), hard: margin(0.09) }
        : one,
    );
    const loose: Plan = { ...plan, metrics };
    const recorded = [...polls('5%', 0.05), ...polls('25%', 0.25, { from: 300 })];
    const replay = new Replay(plan, { amended: [{ t: 450, revision: 2, plan: loose }] });
    for (const poll of recorded) replay.add(poll);
    const rows = replay.visits.map((visit) => {
      const of = compare(visit);
      return [of.planRevision, of.rows.find(({ kind }) => kind === 'ratio')?.acceptable];
    });
    const asBefore = comparisonOf(recorded.slice(0, 20)).rows.find(({ kind }) => kind === 'ratio');
    expect(rows).toEqual([
      [1, asBefore?.acceptable],
      [2, '≤ +2 pp, hard +9 pp'],
    ]);
    expect(replay.plan).toBe(loose);
    // The same polls by the loose plan throughout have another evidence before the amendment.
    const throughout = replayOf(recorded, [], loose);
    expect(throughout.visits[0]?.evidence.metrics['errors']).not.toEqual(
      replay.visits[0]?.evidence.metrics['errors'],
    );
  });

  test('begins a stage anew where its canary was withdrawn in between', () => {
    const recorded = [...polls('5%', 0.05), ...polls('5%', 0.05, { from: 900 })];
    const replay = new Replay(plan, { begun: [700] });
    for (const poll of recorded) replay.add(poll);
    expect(replay.visits.map(({ visit, evidence }) => [visit, evidence.since])).toEqual([
      [1, 0],
      [2, 900],
    ]);
    expect(replay.visitAt(315 + 600)?.visit).toBe(2);
  });

  test('does not compare the internal and the full stage', () => {
    for (const stage of ['internal', '100%']) {
      const of = comparisonOf(polls(stage, 0.05));
      const errors = of.rows.find(({ metric }) => metric === 'errors');
      expect(errors).toMatchObject({ difference: null, interval: null, acceptable: null });
      expect(errors === undefined ? '' : cellsOf(errors, of).difference).toBe('not compared');
      // What was held against nothing has passed nothing.
      expect(of.rows.filter(({ metric, verdict }) => metric !== null && verdict !== null)).toEqual([]);
    }
  });

  test('holds the accepted margin from the window after the one that was seen', () => {
    const recorded = polls('5%', 0.05, { canary: { ...GOOD, errors: 0.1 }, count: 40 });
    const accepted = [{ t: 300, values: { errors: 0.2 } }];
    const [stopped] = replayOf(recorded).visits;
    const [lived] = replayOf(recorded, accepted).visits;
    if (stopped === undefined || lived === undefined) throw new Error('no visit');
    expect(compare(stopped).verdict).toBe('hard');
    const of = compare(lived);
    expect(of.verdict).not.toBe('hard');
    expect(of.rows.find(({ metric }) => metric === 'errors')?.acceptable).toBe(
      '≤ +20 pp accepted, hard +0.5 pp',
    );
  });

  test('learns from the time before', () => {
    const half = (random: () => number) => cohort(random, 900, GOOD);
    const random = randomOf(3);
    const history = Array.from({ length: 64 }, (_, i): StoredPoll => {
      const t = (i - 64) * POLL;
      return {
        stage: 'history',
        t,
        assessment: null,
        sample: {
          stage: 'history',
          t,
          baseline: cohort(random, 1800, GOOD),
          halves: [half(random), half(random)],
        },
      };
    });
    const replay = replayOf([...history, ...polls('5%', 0.05)]);
    expect(Object.keys(replay.learnt.dispersion ?? {})).toContain('errors');
    expect(replay.visits).toHaveLength(1);
  });
});

test('Markdown has one line per row and no markup of a metric in it', () => {
  const wild = planOf({
    metrics: [{ name: 'a|b <i>*x*', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp' }],
    stages: [{ name: '5%', percent: 5 }],
  });
  const lines = comparisonMarkdown(compareAhead(wild, { stageIndex: 0 }));
  expect(lines).toHaveLength(4);
  expect(lines[3]).toContain('a\\|b \\<i\\>\\*x\\*');
});
