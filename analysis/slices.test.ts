import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, HistorySample, Sample } from '../plans/sample.ts';
import { assumedDispersion } from './dispersion.ts';
import type { Evidence } from './evidence.ts';
import { accept } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { learn } from './history.ts';
import { restoreEvidence } from './restored-evidence.ts';
import { sliceContext } from './slices.ts';
import { dispersionsOf, type GateContext } from './stage.ts';
import { latencyBuckets, planOf, poisson, randomOf, reading } from './traffic.fixture.ts';
import { sharesOf, wholeShares } from './weights.ts';

const STEP = 15;
const SLICE = 'tier=enterprise';
const stages = [{ name: '5%', percent: 5, bake: '1m', minRequests: 500 }];
const plan = (more: Record<string, unknown> = {}, coverage: unknown[] = [{ slice: SLICE, minUsers: 20 }]) =>
  planOf({ stages, coverage, ...more });

type Counts = [xc: number, nc: number, xb: number, nb: number];
const HEALTHY: Counts = [1, 150, 14, 2850];
/** 3 % of the traffic. */
const QUIET: Counts = [0, 5, 1, 85];

function cohort(events: number, total: number, users?: number): CohortSample {
  return {
    requests: total,
    ratios: { errors: { events, total } },
    histograms: {},
    ...(users === undefined ? {} : { users }),
  };
}

function sampleOf(t: number, of: { all?: Counts; slice?: Counts | null; users?: number | null }): Sample {
  const [xc, nc, xb, nb] = of.all ?? HEALTHY;
  const base = { stage: '5%', t, baseline: cohort(xb, nb), canary: cohort(xc, nc) };
  if (of.slice === null) return base;
  const [sc, mc, sb, mb] = of.slice ?? QUIET;
  const users = of.users === null ? undefined : (of.users ?? 100);
  return {
    ...base,
    slices: { [SLICE]: { baseline: cohort(sb, mb, users), canary: cohort(sc, mc, users) } },
  };
}

function gate(of: Plan) {
  let evidence: Evidence = enterStage(openEvidence(of), of, 0);
  let polls = 0;
  return {
    poll(more: Parameters<typeof sampleOf>[1] = {}, times = 1): Assessment {
      for (let i = 0; i < times; i++) {
        polls += 1;
        evidence = observe(evidence, of, reading(sampleOf(polls * STEP, more)), { stageIndex: 0 });
      }
      return assess(evidence, of, { stageIndex: 0 });
    },
    accept(name: string, value: number) {
      evidence = accept(evidence, name, value);
    },
    restore() {
      evidence = restoreEvidence(JSON.parse(JSON.stringify(evidence)), of) ?? evidence;
    },
    get evidence() {
      return evidence;
    },
  };
}

const coverage = ({ holding }: Assessment) => holding.filter(({ kind }) => kind === 'coverage');

describe('before a slice was seen enough', () => {
  test('the gate holds, by users where they are counted', () => {
    const one = gate(plan());
    expect(one.poll({ users: 12 }, 4)).toMatchObject({
      verdict: 'hold',
      holding: [{ kind: 'coverage', slice: SLICE, of: 'users', have: 12, need: 20 }],
      reason: '12 of 20 canary users with tier=enterprise seen',
    });
    expect(one.poll({ users: 20 })).toMatchObject({ verdict: 'pass', holding: [] });
  });

  test('by requests where they are not: ten for each user, what the plan says, or a thousand', () => {
    const needs = (wanted: Record<string, unknown>) =>
      coverage(gate(plan({}, [{ slice: SLICE, ...wanted }])).poll({ users: null }, 4));
    expect(needs({ minUsers: 20 })).toEqual([
      { kind: 'coverage', slice: SLICE, of: 'requests', have: 20, need: 200 },
    ]);
    expect(needs({ minUsers: 20, minRequests: 50 })).toMatchObject([{ of: 'requests', need: 50 }]);
    expect(needs({ minRequests: 20 })).toEqual([]);
    expect(needs({})).toMatchObject([{ of: 'requests', need: 1000 }]);
    const both = gate(plan({}, [{ slice: SLICE, minUsers: 20, minRequests: 50 }])).poll({ users: 3 }, 4);
    expect(coverage(both)).toMatchObject([{ of: 'users' }, { of: 'requests' }]);
  });

  test('a stage has its own list in place of the plan’s, also an empty one', () => {
    const own = (list: unknown[]) =>
      gate(plan({ stages: [{ ...stages[0], coverage: list }] })).poll({ users: 1 }, 4);
    expect(own([]).verdict).toBe('pass');
    expect(coverage(own([{ slice: SLICE, minUsers: 3 }]))).toMatchObject([{ need: 3 }]);
  });

  test('an internal stage asks only for slices of its own', () => {
    const internal = { name: '5%', audience: { segments: ['staff'] }, bake: '1m' };
    const passed = gate(plan({ stages: [internal, { name: 'next', percent: 5 }] })).poll({ slice: null }, 4);
    expect(passed.verdict).toBe('pass');
    const own = { ...internal, coverage: [{ slice: SLICE, minUsers: 3 }] };
    expect(gate(plan({ stages: [own] })).poll({ users: 1 }, 4).verdict).toBe('hold');
  });

  test('what was seen of it in the stage before does not count', () => {
    const two = plan({ stages: [stages[0], { name: 'next', percent: 25, bake: '1m' }] });
    const one = gate(two);
    one.poll({ users: 50 }, 4);
    const entered = enterStage(one.evidence, two, 1);
    expect(coverage(assess(entered, two, { stageIndex: 1 }))).toMatchObject([{ of: 'requests', have: 0 }]);
  });
});

describe('a slice that is missing', () => {
  test('holds, never passes, and is no data once the plan no longer bears it', () => {
    const one = gate(plan());
    one.poll({}, 3);
    expect(one.poll()).toMatchObject({ verdict: 'pass' });
    const gone = one.poll({ slice: null });
    expect(gone).toMatchObject({ verdict: 'hold', holding: [{ kind: 'data' }] });
    expect(gone.reason).toContain(SLICE);
    expect(gone.metrics[1]).toMatchObject({ slice: SLICE, verdict: 'hold' });
    const long = one.poll({ slice: null }, 40);
    expect(long).toMatchObject({
      verdict: 'no-data',
      reason: expect.stringContaining(`no series with ${SLICE}`),
    });
    expect(long.metrics[1]?.verdict).toBe('no-data');
    expect(one.poll()).toMatchObject({ verdict: 'pass' });
  });

  test('is one whose counts contradict themselves, and no reason to lose the whole', () => {
    const one = gate(plan());
    one.poll({}, 4);
    const wrong = one.poll({ slice: [9, 5, 1, 85] });
    expect(wrong).toMatchObject({ verdict: 'hold', polls: { used: 5, rejected: 0 } });
    expect(one.evidence.slices[SLICE]?.metrics['errors']).toMatchObject({ canary: { events: 0, total: 20 } });
  });

  test('is one that lacks a metric; a cohort that only has no requests of it is none', () => {
    const latency = { name: 'latency', kind: 'latency', histogram: 'seconds' };
    const of = (soft?: string) => {
      const errors = planOf().metrics.map(({ name }) => ({
        name,
        kind: 'ratio',
        bad: 'b',
        total: 't',
        soft: '+1pp',
      }));
      return planOf({
        stages,
        coverage: [{ slice: SLICE, minUsers: 20 }],
        metrics: [...errors, soft === undefined ? latency : { ...latency, soft }],
      });
    };
    expect(gate(of('+20%')).evidence.slices[SLICE]?.metrics).toHaveProperty('latency');
    expect(gate(of()).evidence.slices[SLICE]?.metrics).not.toHaveProperty('latency');
    const one = gate(of('+20%'));
    one.poll({}, 4);
    expect(one.evidence.slices[SLICE]?.missing).toBe(0);
    const quiet = gate(plan());
    expect(quiet.poll({ slice: [0, 0, 1, 85] }, 4).verdict).toBe('pass');
  });
});

describe('a regression that only a slice has', () => {
  const half: Counts = [3, 5, 1, 85];

  test('stops hard although the whole is quiet, and the slice is named', () => {
    const one = gate(plan());
    let at = one.poll({}, 4);
    for (let i = 0; i < 40 && at.verdict !== 'hard'; i++) at = one.poll({ slice: half });
    expect(at).toMatchObject({ verdict: 'hard', metric: 'errors', slice: SLICE });
    expect(at.reason).toMatch(
      /^errors\{tier=enterprise\}: canary [\d.]+ % against 1\.2 %, .* beyond the hard margin/,
    );
    const [whole, slice] = at.metrics;
    expect(whole).toMatchObject({ metric: 'errors', verdict: 'pass' });
    expect(whole).not.toHaveProperty('slice');
    expect(slice).toMatchObject({ metric: 'errors', slice: SLICE, verdict: 'hard' });
    expect(whole?.lnE).toBeLessThan(at.threshold);
  });

  test('is taken off alone where the plan says so, by name and with its share, and the rest is judged without it', () => {
    const apart = (more: object = {}) => plan({}, [{ slice: SLICE, minUsers: 20, then: 'exclude', ...more }]);
    const one = gate(apart());
    let at = one.poll({}, 4);
    for (let i = 0; i < 40 && at.severed === undefined; i++) at = one.poll({ slice: half });
    expect(at).toMatchObject({
      verdict: 'hold',
      metric: null,
      severed: [{ slice: SLICE, who: SLICE, metric: 'errors', severity: 'hard' }],
    });
    expect(at.severed?.[0]?.share).toBeCloseTo(5 / 150, 1);
    expect(at.severed?.[0]?.reason).toContain('beyond the hard margin');
    expect(at.reason).toMatch(
      /^tier=enterprise alone is worse and is taken off the canary: errors\{tier=enterprise\}/,
    );
    expect(at.lnE).toBeLessThan(at.threshold);
    expect(at.metrics.map(({ verdict }) => verdict)).toEqual(['pass', 'hard']);
    const watched = gate({ ...apart(), mode: 'observe' });
    for (at = watched.poll({}, 4); at.severed === undefined; ) at = watched.poll({ slice: half });
    expect(at.reason).toMatch(/^tier=enterprise alone is worse and would be taken off the canary: errors/);
    const named = gate(apart({ segment: 'big' }));
    for (at = named.poll({}, 4); at.severed === undefined; ) at = named.poll({ slice: half });
    expect(at.severed).toMatchObject([{ who: 'big' }]);
  });

  test('yields to a hard stop of the whole, and is told beside a soft one', () => {
    const all: Counts = [60, 150, 14, 2850];
    const of = plan({}, [{ slice: SLICE, minUsers: 20, then: 'exclude' }]);
    const one = gate(of);
    let at = one.poll({}, 4);
    for (let i = 0; i < 40 && at.verdict !== 'hard'; i++) at = one.poll({ all, slice: half });
    expect(at).toMatchObject({ verdict: 'hard', metric: 'errors' });
    expect(at).not.toHaveProperty('slice');
    expect(at).not.toHaveProperty('severed');
  });

  test('stops softly where only its soft margin is exceeded, and an accepted one is that slice’s alone', () => {
    const lenient = planOf({
      stages,
      coverage: [{ slice: SLICE, minRequests: 1 }],
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+1pp', hard: '+90pp' }],
    });
    const one = gate(lenient);
    let at = one.poll({}, 4);
    for (let i = 0; i < 100 && at.verdict !== 'soft'; i++) at = one.poll({ slice: half });
    expect(at).toMatchObject({ verdict: 'soft', metric: 'errors', slice: SLICE });
    one.accept('errors{tier=enterprise}', 0.7);
    expect(one.evidence.metrics['errors']?.accepted).toBeNull();
    for (let i = 0; i < 50; i++) expect(one.poll({ slice: half }).verdict).toBe('pass');
    // What is accepted of the whole holds in its slices too, but makes none of them stricter.
    one.accept('errors', 0.02);
    expect(one.evidence.metrics['errors']?.accepted).toBe(0.02);
    expect(one.evidence.slices[SLICE]?.metrics['errors']?.accepted).toBe(0.7);
    const before = one.evidence;
    one.accept('errors', 0.02);
    one.accept('errors{tier=enterprise}', 0.7);
    expect(one.evidence).toBe(before);
  });

  test('is the same to the last bit when it was written out and read back', () => {
    const [kept, written] = [gate(plan()), gate(plan())];
    for (let i = 0; i < 30; i++) {
      const more = { slice: i % 3 === 0 ? half : QUIET };
      written.restore();
      expect(written.poll(more)).toEqual(kept.poll(more));
    }
  });
});

describe('the evidence', () => {
  test('is shared: a metric’s slices have a quarter of its weight, and all shares sum to 1', () => {
    const of = planOf({
      coverage: [{ slice: SLICE }],
      stages: [{ ...stages[0], coverage: [{ slice: 'region=eu', metrics: ['errors'] }] }],
      metrics: [
        { name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+1pp', weight: 0.6 },
        { name: 'latency', kind: 'latency', histogram: 'h', soft: '+20%' },
        { name: 'memory', kind: 'gauge', gauge: 'g', soft: '+20%' },
      ],
    });
    const shares = Object.fromEntries(sharesOf(of).map((one) => [`${one.metric} ${one.slice}`, one.weight]));
    const rounded = Object.entries(shares).map(([name, weight]) => [name, Number(weight.toFixed(12))]);
    expect(Object.fromEntries(rounded)).toEqual({
      'errors null': 0.45,
      [`errors ${SLICE}`]: 0.075,
      'errors region=eu': 0.075,
      'latency null': 0.15,
      [`latency ${SLICE}`]: 0.05,
      'memory null': 0.2,
    });
    expect(Object.values(shares).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    // What preflight plans with.
    expect(wholeShares(of).get('errors')).toBeCloseTo(0.45, 12);
    expect(sharesOf(planOf())).toEqual([{ metric: 'errors', slice: null, weight: 1 }]);
  });

  test('stays of bounded size', () => {
    const one = gate(plan());
    one.poll({}, 500);
    const size = JSON.stringify(one.evidence).length;
    one.poll({}, 1500);
    expect(JSON.stringify(one.evidence).length).toBeLessThan(2 * size);
  });
});

describe('the noise of a slice', () => {
  test('is learnt from the hours before the rollout, and so are its latency edges', () => {
    const of = planOf({
      stages,
      coverage: [{ slice: SLICE }],
      metrics: [
        { name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp' },
        { name: 'latency', kind: 'latency', histogram: 's', soft: '+20%' },
      ],
    });
    const random = randomOf(5);
    const half = (rate: number, mean: number) => ({
      requests: 500,
      ratios: { errors: { events: poisson(random, 500 * rate), total: 500 } },
      histograms: { latency: latencyBuckets(random, { requests: 500, mean }) },
    });
    const sum = (halves: readonly [CohortSample, CohortSample]) => halves[0];
    const history = Array.from({ length: 400 }, (_, i): HistorySample => {
      const [calm, wild] = [
        [half(0.01, 0.1), half(0.01, 0.1)] as const,
        [half(i % 2 === 0 ? 0.09 : 0.01, 0.3), half(0.01, 0.3)] as const,
      ];
      return {
        stage: 'history',
        t: (i - 400) * STEP,
        baseline: sum(calm),
        halves: calm,
        slices: { [SLICE]: { baseline: sum(wild), halves: wild } },
      };
    });
    const learnt = learn(of, history);
    const part = `errors{${SLICE}}`;
    const last = (name: string) => learnt.dispersion[name]?.at(-1) ?? 0;
    expect(last(part)).toBeGreaterThan(5 * last('errors'));
    expect(Math.min(...(learnt.edges[`latency{${SLICE}}`] ?? []))).toBeGreaterThan(
      Math.min(...(learnt.edges['latency'] ?? [])),
    );
    // A slice that the past does not show is as it was: the larger of the metric's noise and of the assumption.
    const evidence = openEvidence(of);
    const at = { plan: of, metric: 'errors', slice: SLICE };
    const G = (context: GateContext) =>
      dispersionsOf(
        { plan: of, context: sliceContext(evidence, { ...at, context }), metric: 'errors' },
        {
          halves: [[]],
        },
      )[0]?.(4) ?? 0;
    const { [part]: own = [], ...others } = learnt.dispersion;
    expect(G({ stageIndex: 0, dispersion: learnt.dispersion })).toBeCloseTo(own[2] ?? 0, 9);
    expect(G({ stageIndex: 0, dispersion: others })).toBeCloseTo(assumedDispersion(0.3)(4), 9);
    expect(
      learn(
        of,
        history.map(({ stage, t, baseline, halves = [baseline, baseline] }) => ({
          stage,
          t,
          baseline,
          halves,
        })),
      ).dispersion,
    ).toEqual(Object.fromEntries(Object.entries(others).filter(([name]) => !name.includes('{'))));
  });
});
