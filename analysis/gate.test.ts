import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Reading, Sample } from '../plans/sample.ts';
import type { Evidence } from './evidence.ts';
import { accept, acceptableDifference } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { restoreEvidence } from './restored-evidence.ts';
import { errorsPoll, planOf, randomOf, reading, rejected } from './traffic.fixture.ts';

const STEP = 15;

function errors(t: number, counts: [xc: number, nc: number, xb: number, nb: number], stage = '5%'): Sample {
  const [xc, nc, xb, nb] = counts;
  const cohort = (events: number, total: number) => ({
    requests: total,
    ratios: { errors: { events, total } },
    histograms: {},
  });
  return { stage, t, baseline: cohort(xb, nb), canary: cohort(xc, nc) };
}

/** A gate in one stage that is fed reading by reading. */
function gate(plan: Plan, stageIndex: number) {
  let evidence: Evidence = enterStage(openEvidence(plan), plan, stageIndex);
  return {
    feed(...readings: Reading[]): Assessment {
      for (const one of readings) evidence = observe(evidence, plan, one, { stageIndex });
      return assess(evidence, plan, { stageIndex });
    },
    accept(value: number) {
      evidence = accept(evidence, 'errors', value);
    },
    get evidence() {
      return evidence;
    },
  };
}

const short = (more: Record<string, unknown> = {}) =>
  planOf({ stages: [{ name: '5%', percent: 5, bake: '1m', minRequests: 500, ...more }] });
const healthy = (i: number) => reading(errors(i * STEP, [1, 150, 14, 2850]));

describe('a gate passes', () => {
  test('when the bake time is over, the minimum of requests is reached and nothing stops it', () => {
    const one = gate(short(), 0);
    expect(one.feed(healthy(1), healthy(2), healthy(3))).toMatchObject({
      verdict: 'hold',
      holding: [
        { kind: 'bake', until: 60 },
        { kind: 'requests', have: 450, need: 500 },
      ],
    });
    const passed = one.feed(healthy(4));
    expect(passed).toMatchObject({ verdict: 'pass', holding: [], metric: null, stage: '5%', t: 60 });
    expect(passed.metrics[0]).toMatchObject({
      verdict: 'pass',
      canaryRequests: 600,
      soft: 0.001,
      hard: 0.005,
    });
  });

  test('not before the minimum of users is known to be reached', () => {
    const one = gate(short({ minUsers: 40 }), 0);
    expect(one.feed(...[1, 2, 3, 4, 5].map(healthy))).toMatchObject({
      verdict: 'hold',
      holding: [{ kind: 'users', have: 0, need: 40 }],
    });
    const known = errors(6 * STEP, [1, 150, 14, 2850]);
    expect(one.feed(reading({ ...known, canary: { ...known.canary, users: 41 } })).verdict).toBe('pass');
  });

  test('without a minimum in the plan, after the requests of the planning rule', () => {
    const one = gate(planOf({ stages: [{ name: '5%', percent: 5, bake: '1m' }] }), 0);
    const early = one.feed(...[1, 2, 3, 4].map(healthy));
    // 11 * (14/2850 + .005) * (1 + 5/95) / .005^2
    expect(early.holding).toEqual([
      {
        kind: 'requests',
        have: 600,
        need: Math.ceil((11 * (14 / 2850 + 0.005) * (1 + 0.05 / 0.95)) / 0.005 ** 2),
      },
    ]);
    expect(one.feed(...Array.from({ length: 27 }, (_, i) => healthy(5 + i))).verdict).toBe('pass');
  });

  test('where proof is asked, only once every metric is proven safe', () => {
    const one = gate(short({ promote: { proof: '0.5pp' } }), 0);
    const early = one.feed(...[1, 2, 3, 4].map(healthy));
    expect(early).toMatchObject({ verdict: 'hold', holding: [{ kind: 'proof', metrics: ['errors'] }] });
    const late = one.feed(...Array.from({ length: 400 }, (_, i) => healthy(5 + i)));
    expect(late.metrics[0]?.proven).toBe(true);
    expect(late).toMatchObject({ verdict: 'pass' });
  });

  test('sooner than its bake time once the proof is there, where the plan says so', () => {
    const slow = (promote: object) => gate(short({ bake: '4h', promote }), 0);
    const feed = Array.from({ length: 404 }, (_, i) => healthy(1 + i));
    expect(slow({ proof: '0.5pp' }).feed(...feed)).toMatchObject({
      verdict: 'hold',
      holding: [{ kind: 'bake' }],
    });
    expect(slow({ proof: '0.5pp', early: '1h' }).feed(...feed)).toMatchObject({ verdict: 'pass' });
    const soon = slow({ proof: '0.5pp', early: '1h' }).feed(...feed.slice(0, 4));
    expect(soon.holding.map(({ kind }) => kind)).toContain('bake');
  });

  test('at 100 % on limits and minimums alone, and says that nothing was compared', () => {
    const plan = planOf({ stages: [{ name: '100%', percent: 100, bake: '1m' }] });
    const passed = gate(plan, 0).feed(
      ...[1, 2, 3, 4].map((i) => reading(errors(i * STEP, [90, 3000, 0, 0], '100%'))),
    );
    expect(passed.verdict).toBe('pass');
    expect(passed.warnings.join()).toContain('not compared');
    expect(passed.metrics[0]?.interval).toBeNull();
  });

  test('in the internal stage without comparing its users with anybody', () => {
    const plan = planOf({
      stages: [
        { name: 'internal', audience: { segments: ['staff'] }, bake: '1m' },
        { name: '5%', percent: 5 },
      ],
    });
    const one = gate(plan, 0);
    const passed = one.feed(
      ...[1, 2, 3, 4].map((i) => reading(errors(i * STEP, [60, 100, 10, 2900], 'internal'))),
    );
    expect(passed).toMatchObject({ verdict: 'pass', lnE: 0 });
  });
});

describe('a gate stops', () => {
  const outage = (i: number) => reading(errors(i * STEP, [60, 150, 14, 2850]));

  test('hard at a difference beyond the hard margin, with a sentence that says how much', () => {
    const stopped = gate(short(), 0).feed(outage(1));
    expect(stopped).toMatchObject({ verdict: 'hard', metric: 'errors' });
    expect(stopped.metrics[0]).toMatchObject({ verdict: 'hard' });
    expect(stopped.lnE).toBeGreaterThan(stopped.threshold);
    expect(stopped.reason).toMatch(
      /^errors: canary 40 % against 0\.49 %, \+39\.5 pp \(at least \+\d+(\.\d+)? pp\) beyond the hard margin of \+0\.5 pp$/,
    );
  });

  test('soft where only the soft margin is exceeded', () => {
    const one = gate(short(), 0);
    let at = one.feed(healthy(1));
    for (let i = 2; at.verdict === 'hold' || at.verdict === 'pass'; i++) {
      at = one.feed(reading(errors(i * STEP, [i % 2 === 0 ? 2 : 1, 150, 14, 2850])));
      if (i > 3000) break;
    }
    expect(at).toMatchObject({ verdict: 'soft', metric: 'errors' });
    expect(at.reason).toContain('soft margin of +0.1 pp');
  });

  test('hard for an outage in hour 20, whatever the average of the stage', () => {
    const plan = planOf({ stages: [{ name: '5%', percent: 5, bake: '24h' }] });
    const one = gate(plan, 0);
    for (let i = 1; i <= 4800; i++) one.feed(healthy(i));
    const all = (i: number) => reading(errors(i * STEP, [150, 150, 14, 2850]));
    expect(one.feed(all(4801))).toMatchObject({ verdict: 'hard' });
  });

  test('by the hard margin where there is no soft one', () => {
    const plan = planOf({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', hard: '+1pp' }],
      stages: [{ name: '5%', percent: 5, bake: '1m' }],
    });
    expect(gate(plan, 0).feed(outage(1))).toMatchObject({
      verdict: 'hard',
      metrics: [{ soft: null, hard: 0.01 }],
    });
  });

  test('never on a metric without margins', () => {
    const plan = planOf({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total' }],
      stages: [{ name: '5%', percent: 5, bake: '1m' }],
    });
    const passed = gate(plan, 0).feed(...[1, 2, 3, 4].map(outage));
    expect(passed).toMatchObject({ verdict: 'pass', lnE: 0 });
    expect(passed.warnings).toContain('errors has no margin: advisory');
  });

  test('on too few good events, shown in their own direction', () => {
    const plan = planOf({
      metrics: [
        { name: 'orders', kind: 'ratio', good: 'orders', total: 'visits', soft: '-1pp', hard: '-5pp' },
      ],
      stages: [{ name: '5%', percent: 5, bake: '1m' }],
    });
    const poll = (i: number) => {
      const cohort = (events: number, total: number) => ({
        requests: total,
        ratios: { orders: { events, total } },
        histograms: {},
      });
      return reading({ stage: '5%', t: i * STEP, baseline: cohort(285, 2850), canary: cohort(1, 150) });
    };
    const stopped = gate(plan, 0).feed(...Array.from({ length: 20 }, (_, i) => poll(i + 1)));
    expect(stopped).toMatchObject({
      verdict: 'hard',
      metrics: [{ soft: -0.01, hard: -0.05, baseline: 0.1 }],
    });
    expect(stopped.metrics[0]?.estimate).toBeCloseTo(1 / 150 - 0.1, 9);
    const [metric] = stopped.metrics;
    expect(metric && acceptableDifference(metric)).toBe(metric?.interval?.[0]);
  });

  test('goes on after a soft stop that a person accepts, and still stops hard', () => {
    const one = gate(short(), 0);
    const worse = (i: number) => reading(errors(i * STEP, [i % 3 === 0 ? 1 : 2, 150, 14, 2850]));
    let i = 1;
    while (one.feed(worse(i)).verdict !== 'soft' && i < 3000) i++;
    one.accept(0.01);
    const goesOn = one.feed(worse(++i));
    expect(goesOn).toMatchObject({ verdict: 'pass', metrics: [{ soft: 0.01, hard: 0.005 }] });
    expect(one.feed(outage(++i), outage(++i)).verdict).toBe('hard');
  });

  test('and a stop keeps its severity when several metrics only stop together', () => {
    const metrics = ['a', 'b'].map((name) => ({
      name,
      kind: 'ratio',
      bad: name,
      total: 'total',
      soft: '+0.1pp',
      hard: '+0.5pp',
      weight: 0.5,
    }));
    const plan = planOf({ metrics, stages: [{ name: '5%', percent: 5, bake: '1h' }] });
    const poll = (i: number, bad: number): Reading => {
      const cohort = (events: number, total: number) => ({
        requests: total,
        ratios: { a: { events, total }, b: { events, total } },
        histograms: {},
      });
      return reading({ stage: '5%', t: i * STEP, baseline: cohort(14, 2850), canary: cohort(bad, 150) });
    };
    const one = gate(plan, 0);
    let at = one.feed(poll(1, 2));
    for (let i = 2; at.verdict === 'hold'; i++) at = one.feed(poll(i, 2));
    // Equal evidence: neither alone is twice the threshold, both together are.
    const [a, b] = at.metrics;
    expect(a?.lnE).toBe(b?.lnE);
    expect((a?.lnE ?? 0) + Math.log(0.5)).toBeLessThan(at.threshold);
    expect(at).toMatchObject({
      verdict: 'hard',
      metric: 'a',
      metrics: [{ verdict: 'hard' }, { verdict: 'hard' }],
    });
  });
});

describe('fixed limits', () => {
  const limited = (limit: Record<string, unknown>) =>
    planOf({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total' }],
      stages: [{ name: '5%', percent: 5, bake: '1m' }],
      limits: [{ name: 'ceiling', ...limit }],
    });
  const at = (i: number, bad: number) => reading(errors(i * STEP, [bad, 100, 20, 2000]));

  test('fire after the time that the plan names, a poll without data counting neither way', () => {
    const one = gate(limited({ metric: 'errors', above: '5%', for: '45s', action: 'rollback' }), 0);
    expect(one.feed(at(1, 6), at(2, 4), at(3, 6), at(4, 6))).toMatchObject({
      limits: [{ fired: false, since: 45, value: 0.06 }],
    });
    expect(one.feed(rejected(75), at(6, 6))).toMatchObject({
      verdict: 'hard',
      metric: 'errors',
      reason: 'limit "ceiling": 6 % is above 5 % for 45 s',
      limits: [{ fired: true, action: 'rollback' }],
    });
    expect(one.feed(at(7, 4))).toMatchObject({ limits: [{ fired: false, since: null }] });
  });

  test('may be a multiple of the baseline', () => {
    const one = gate(limited({ metric: 'errors', above: '2x baseline' }), 0);
    expect(one.feed(at(1, 2))).toMatchObject({ limits: [{ fired: false, threshold: 0.02 }] });
    expect(one.feed(at(2, 3))).toMatchObject({ verdict: 'hold', limits: [{ fired: true, action: 'pause' }] });
  });

  test('may be an expression, and hold in a stage that compares nothing', () => {
    const plan = planOf({
      stages: [{ name: '100%', percent: 100, bake: '1m' }],
      limits: [{ name: 'parity', expr: 'sum(mismatches)', above: 0 }],
    });
    const one = gate(plan, 0);
    expect(one.feed(reading(errors(15, [0, 100, 0, 0]), { 'sum(mismatches)': 0 })).limits).toMatchObject([
      { fired: false },
    ]);
    expect(one.feed(reading(errors(30, [0, 100, 0, 0]), { 'sum(mismatches)': 2 }))).toMatchObject({
      verdict: 'hold',
      reason: 'limit "parity": 2 is above 0',
      limits: [{ fired: true }],
    });
  });
});

describe('missing and wrong data', () => {
  test('hold while the source is down, then are no data, then are forgotten', () => {
    const plan = { ...short(), policy: { ...short().policy, noData: { after: 60, then: 'pause' as const } } };
    const one = gate(plan, 0);
    one.feed(...[1, 2, 3, 4].map(healthy));
    const before = one.feed(healthy(5));
    expect(before.verdict).toBe('pass');
    const down = one.feed(rejected(90));
    expect(down).toMatchObject({ verdict: 'hold', lnE: before.lnE, holding: [{ kind: 'data' }] });
    expect(one.feed(rejected(105), rejected(120), rejected(135))).toMatchObject({ verdict: 'no-data' });
    // An outage says nothing about the data before and after it.
    expect(one.feed(healthy(10)).verdict).toBe('pass');
  });

  test('hold for as long as many polls of the stage were wrong, until enough good ones make up for them', () => {
    const one = gate(short(), 0);
    expect(one.feed(...[1, 2, 3, 4, 5].map(healthy)).verdict).toBe('pass');
    const wrong = (i: number): Reading => ({
      kind: 'rejected',
      t: i * STEP,
      rejections: [{ kind: 'invalid', metric: 'errors', detail: 'more errors than requests' }],
      queries: [],
    });
    one.feed(...[6, 7, 8, 9].map(wrong));
    expect(one.feed(healthy(10)).holding).toEqual([{ kind: 'data', rejections: [] }]);
    expect(one.feed(...Array.from({ length: 34 }, (_, i) => healthy(11 + i))).verdict).toBe('pass');
  });

  test('a canary without series is no data within a few polls of the start', () => {
    const one = gate(short(), 0);
    const absent = (i: number): Reading => ({
      kind: 'rejected',
      t: i * STEP,
      rejections: [{ kind: 'no-canary', metric: 'errors' }],
      queries: [],
    });
    expect(one.feed(...[1, 2, 3, 4].map(absent)).verdict).toBe('hold');
    expect(one.feed(absent(5))).toMatchObject({
      verdict: 'no-data',
      reason: 'no usable data for 1 min 15 s: errors: no series of the canary',
    });
  });

  test('a quiet night is ignored: evidence unchanged, no pass, nobody paged', () => {
    const one = gate(short(), 0);
    const before = one.feed(...[1, 2, 3, 4].map(healthy));
    const night = one.feed(
      ...Array.from({ length: 2000 }, (_, i) => reading(errors((5 + i) * STEP, [0, 0, 3, 700]))),
    );
    expect(night).toMatchObject({
      verdict: 'hold',
      lnE: before.lnE,
      polls: { used: 4, ignored: 2000, rejected: 0 },
    });
    expect(one.feed(reading(errors(2005 * STEP, [1, 150, 14, 2850]))).verdict).toBe('pass');
  });

  test.each([
    ['more events than requests', [151, 150, 14, 2850]],
    ['NaN', [Number.NaN, 150, 14, 2850]],
    ['a negative count', [1, 150, -14, 2850]],
  ] as const)('%s rejects the sample', (_, counts) => {
    const one = gate(short(), 0);
    const before = one.feed(...[1, 2, 3, 4].map(healthy));
    const after = one.feed(reading(errors(75, [...counts])));
    expect(after).toMatchObject({ verdict: 'hold', lnE: before.lnE, polls: { used: 4, rejected: 1 } });
    expect(after.holding).toMatchObject([{ kind: 'data', rejections: [{ kind: 'invalid' }] }]);
  });

  test('a metric that the samples lack never passes', () => {
    const one = gate(short(), 0);
    const lacking = (i: number) => {
      const sample = errors(i * STEP, [1, 150, 14, 2850]);
      return reading({ ...sample, canary: { ...sample.canary, ratios: {} } });
    };
    expect(one.feed(...[1, 2, 3, 4, 5].map(lacking))).toMatchObject({ verdict: 'hold' });
    expect(one.feed(...Array.from({ length: 40 }, (_, i) => lacking(6 + i)))).toMatchObject({
      verdict: 'no-data',
    });
  });

  test('a window that is read twice counts once', () => {
    const once = gate(short(), 0);
    const twice = gate(short(), 0);
    once.feed(healthy(1), healthy(2));
    twice.feed(healthy(1), healthy(2), healthy(1), healthy(2));
    expect(twice.evidence).toEqual(once.evidence);
  });

  test('rejected polls never make a pass', () => {
    const kinds = fc.constantFrom<'good' | 'down' | 'quiet'>('good', 'down', 'quiet');
    fc.assert(
      fc.property(fc.array(kinds, { minLength: 1, maxLength: 80 }), (polls) => {
        const one = gate(short(), 0);
        polls.forEach((kind, i) => {
          const t = (i + 1) * STEP;
          const next =
            kind === 'good'
              ? healthy(i + 1)
              : kind === 'down'
                ? rejected(t)
                : reading(errors(t, [0, 0, 9, 2000]));
          const { verdict } = one.feed(next);
          if (kind !== 'good') expect(verdict).not.toBe('pass');
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('evidence', () => {
  const traffic = (seed: number, polls: number, rates: { baseline: number; canary: number }) => {
    const random = randomOf(seed);
    return Array.from({ length: polls }, (_, i) =>
      reading(errorsPoll(random, { stage: '5%', t: (i + 1) * STEP, requests: 3000, share: 0.05, ...rates })),
    );
  };

  test('is the same to the last bit whether it stayed in memory or was written out and read back at any poll', () => {
    const plan = planOf({
      stages: [
        { name: '5%', percent: 5, bake: '15m' },
        { name: '25%', percent: 25, bake: '15m' },
      ],
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 119 }), (seed, cut) => {
        const readings = traffic(seed, 120, { baseline: 0.005, canary: 0.006 });
        let kept: Evidence = openEvidence(plan);
        let stored: Evidence = kept;
        readings.forEach((one, i) => {
          const context = { stageIndex: i < 60 ? 0 : 1 };
          kept = observe(kept, plan, one, context);
          stored = observe(stored, plan, one, context);
          if (i === cut)
            stored = restoreEvidence(JSON.parse(JSON.stringify(stored)), plan) ?? openEvidence(plan);
        });
        expect(JSON.stringify(stored)).toBe(JSON.stringify(kept));
        expect(assess(stored, plan, { stageIndex: 1 })).toEqual(assess(kept, plan, { stageIndex: 1 }));
      }),
      { numRuns: 30 },
    );
  });

  test('of another version is not taken', () => {
    expect(restoreEvidence({ version: 1, metrics: {} }, planOf())).toBeNull();
    expect(restoreEvidence(null, planOf())).toBeNull();
  });

  test('does not depend on the order of the metrics', () => {
    const metric = (name: string, weight: number) => ({
      name,
      kind: 'ratio',
      bad: name,
      total: 'total',
      soft: '+0.1pp',
      hard: '+0.5pp',
      weight,
    });
    const metrics = [metric('a', 0.5), metric('b', 0.3), metric('c', 0.2)];
    const stages = [{ name: '5%', percent: 5, bake: '10m' }];
    fc.assert(
      fc.property(fc.shuffledSubarray(metrics, { minLength: 3 }), fc.integer(), (order, seed) => {
        const random = randomOf(seed);
        const polls = Array.from({ length: 30 }, (_, i): Reading => {
          const cohort = (total: number, rate: number) => ({
            requests: total,
            ratios: Object.fromEntries(
              ['a', 'b', 'c'].map((name) => [
                name,
                { events: Math.floor(total * rate * 2 * random()), total },
              ]),
            ),
            histograms: {},
          });
          return reading({
            stage: '5%',
            t: (i + 1) * STEP,
            baseline: cohort(2850, 0.005),
            canary: cohort(150, 0.012),
          });
        });
        const first = gate(planOf({ metrics, stages }), 0).feed(...polls);
        const second = gate(planOf({ metrics: order, stages }), 0).feed(...polls);
        expect(second).toMatchObject({ verdict: first.verdict, metric: first.metric, reason: first.reason });
        expect(second.lnE).toBeCloseTo(first.lnE, 12);
      }),
      { numRuns: 50 },
    );
  });

  test('knows no clock but the poll step: half as often over twice the time is the same evidence', () => {
    const slow = planOf({
      source: { poll: '30s' },
      analysis: { restart: '10m' },
      stages: [{ name: '5%', percent: 5, bake: '30m' }],
    });
    const quick = planOf({ stages: [{ name: '5%', percent: 5, bake: '15m' }] });
    const polls = traffic(7, 90, { baseline: 0.005, canary: 0.007 });
    const first = gate(quick, 0).feed(...polls);
    const second = gate(slow, 0).feed(
      ...polls.map((one) => (one.kind === 'sample' ? reading({ ...one.sample, t: 2 * one.sample.t }) : one)),
    );
    expect(second.lnE).toBe(first.lnE);
  });

  test('a relative margin is resolved against the baseline alone', () => {
    const metrics = [
      { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: 'min(+0.1pp, +50%)', hard: '+100%' },
    ];
    const plan = planOf({ metrics, stages: [{ name: '5%', percent: 5, bake: '1m' }] });
    const poll = (i: number, bad: number) => reading(errors(i * STEP, [bad, 150, 2, 4000]));
    const calm = gate(plan, 0).feed(...Array.from({ length: 40 }, (_, i) => poll(i + 1, 0)));
    const wild = gate(plan, 0).feed(...Array.from({ length: 40 }, (_, i) => poll(i + 1, 40)));
    expect(calm.metrics[0]?.soft).toBe(wild.metrics[0]?.soft);
    const rate = (80 + Math.sqrt(80) + 1) / 160_000;
    expect(calm.metrics[0]?.soft).toBeCloseTo(0.5 * rate, 12);
    expect(calm.metrics[0]?.hard).toBeCloseTo(rate, 12);
    expect(wild.verdict).toBe('hard');
  });

  test('against a build stays when the rollout steps back', () => {
    const plan = planOf({
      stages: [
        { name: '5%', percent: 5, bake: '10m' },
        { name: '25%', percent: 25, bake: '10m' },
      ],
    });
    let evidence = openEvidence(plan);
    let t = 0;
    const run = (stageIndex: number, polls: number, bad: number) => {
      for (let i = 0; i < polls; i++) {
        t += STEP;
        evidence = observe(evidence, plan, reading(errors(t, [bad, 600, 12, 2400])), { stageIndex });
      }
      return assess(evidence, plan, { stageIndex });
    };
    run(0, 10, 3);
    const high = run(1, 12, 9).lnE;
    evidence = enterStage(evidence, plan, 0);
    expect(assess(evidence, plan, { stageIndex: 0 }).lnE).toBeCloseTo(high, 9);
    expect(run(0, 1, 3).lnE).toBeGreaterThan(0);
    expect(evidence.polls.used).toBe(1);
  });
});
