import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFailure } from '../plans/failures.ts';
import type { CohortSample, HistorySample, Sample } from '../plans/sample.ts';
import { cohortsOf } from './any-sample.fixture.ts';
import { refuseFaults, type TraceEntry, TraceReader, traceLine } from './trace.ts';
import { planOf } from './traffic.fixture.ts';

const plan = planOf({
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp' },
    { name: 'conversion', kind: 'ratio', good: 'orders', total: 'visits', soft: '-1pp' },
    { name: 'p95', kind: 'latency', histogram: 'seconds', soft: '+20%' },
  ],
});
function parse(text: string): TraceEntry[] {
  const reader = new TraceReader(plan);
  const entries = text.split('\n').flatMap((line, i) => reader.read(line, i + 1) ?? []);
  if (text !== '') refuseFaults('trace.jsonl', [reader.faults()]);
  return entries;
}

const count = fc.nat(1_000_000);
const ratio = fc.tuple(count, count).map(([a, b]) => ({ events: Math.min(a, b), total: Math.max(a, b) }));
const cohort: fc.Arbitrary<CohortSample> = fc.record(
  {
    requests: count,
    ratios: fc.record({ errors: ratio, conversion: ratio }),
    histograms: fc.tuple(count, count, count).map(([a, b, c]) => ({
      p95: [
        [0.05, a],
        [1, a + b],
        [2.5, a + b],
        ['+Inf', a + b + c],
      ] as const,
    })),
    users: fc.nat(),
  },
  { requiredKeys: ['requests', 'ratios', 'histograms'] },
);
const cohorts = cohortsOf(cohort, fc.integer({ min: 1 }));
const sample: fc.Arbitrary<Sample> = fc.record(
  {
    stage: fc.constantFrom('5%', '25%'),
    t: fc.nat(),
    ...cohorts,
    slices: fc.record({
      'tier=enterprise': fc.record(cohorts, { requiredKeys: ['baseline', 'canary'] }),
    }),
    split: fc.option(fc.record({ by: fc.option(fc.string()), baseline: fc.nat(), canary: fc.nat() })),
  },
  { requiredKeys: ['stage', 't', 'baseline', 'canary'] },
);

describe('a trace', () => {
  test('gives back every sample as it was', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (drawn) => {
        const samples = drawn.map((one, index) => ({ ...one, t: index + one.t / 2_147_483_648 }));
        const text = samples.map((one) => traceLine(one, { rollout: 'r1', plan })).join('\n');
        expect(parse(text)).toEqual(samples.map((one) => ({ kind: 'sample', rollout: 'r1', sample: one })));
      }),
    );
  });

  test('holds the slices of the time before, of the baseline alone', () => {
    const plan = planOf({ coverage: [{ slice: 'tier=enterprise' }] });
    const cohort = (events: number): CohortSample => ({
      requests: 50,
      ratios: { errors: { events, total: 50 } },
      histograms: {},
    });
    const before: HistorySample = {
      stage: 'history',
      t: -15,
      baseline: cohort(3),
      slices: { 'tier=enterprise': { baseline: cohort(2), halves: [cohort(1), cohort(0)] } },
    };
    const line = traceLine(before, { rollout: 'r1', plan });
    const { stage: _, ...entry } = before;
    expect(new TraceReader(plan).read(line, 1)).toEqual({ kind: 'history', rollout: 'r1', ...entry });
    const reader = new TraceReader(plan);
    const wrong = line.replace('"stage":"history","t":-15', '"stage":"5%","t":15,"canary":{"requests":1}');
    expect(reader.read(wrong, 1)).toBeNull();
    expect(reader.faults().problems).toEqual([[1, expect.stringContaining('canary: missing in stage 5%')]]);
  });

  test('is read as documented: plain counts among the requests, bad of a total, cumulative latency, history', () => {
    const [first, second] = parse(
      [
        '{"rollout":"r1","stage":"history","t":-30,"baseline":{"requests":3000,"errors":14,"halves":[{"requests":1500,"errors":6},{"requests":1500,"errors":8}]}}',
        '',
        '{"rollout":"r1","stage":"5%","t":1215,"baseline":{"requests":2850,"errors":14,"conversion":{"bad":90,"total":100},"latency":{"1":2840,"0.1":2700,"+Inf":2850},"gauges":{"cpu":0.4}},"canary":{"requests":150,"errors":1}}',
      ].join('\n'),
    );
    expect(first).toMatchObject({
      kind: 'history',
      t: -30,
      halves: [{ ratios: { errors: { events: 6, total: 1500 } } }, {}],
    });
    expect(second).toMatchObject({
      kind: 'sample',
      sample: {
        baseline: {
          ratios: { errors: { events: 14, total: 2850 }, conversion: { events: 10, total: 100 } },
          histograms: {
            p95: [
              [0.1, 2700],
              [1, 2840],
              ['+Inf', 2850],
            ],
          },
        },
      },
    });
  });

  test('tells what cannot have been counted, with its line', () => {
    const line = (more: string) =>
      `{"rollout":"r","stage":"5%","t":15,"baseline":{"requests":10,"errors":1},"canary":{"requests":10,"errors":1},${more}}`.replace(
        ',}',
        '}',
      );
    const wrong = (text: string): string => {
      try {
        parse(text);
      } catch (error) {
        if (isFailure(error)) return error.details.join();
      }
      return 'nothing';
    };
    expect(wrong(line(''))).toBe('nothing');
    expect(wrong(line('').replace('"errors":1', '"errors":NaN'))).toMatch(
      /^line 1: errors: baseline: NaN of 10/,
    );
    expect(wrong(line('').replace('"errors":1', '"errors":1e999'))).toMatch(
      /^line 1: baseline\.errors: expected a number, /,
    );
    expect(wrong(line('').replace('"requests":10', '"requests":-3'))).toMatch(
      /^line 1: requests: baseline: -3/,
    );
    expect(wrong(line('').replace('"errors":1', '"errors":11'))).toMatch(/11 events among 10 trials/);
    expect(wrong(line('').replace('5%', '6%'))).toMatch(
      /^line 1: stage: the plan has no stage "6%"; it has 1%/,
    );
    expect(wrong(`${line('')}\n\n${line('')}`)).toMatch(/^line 3: t: 15 does not come after 15/);
    expect(wrong('\n')).toBe('');
    const slice = (xc: number) =>
      `"slices":{"tier=enterprise":{"baseline":{"requests":9,"errors":0},"canary":{"requests":3,"errors":${xc}}}}`;
    expect(wrong(line(slice(3)))).toBe('nothing');
    expect(wrong(line(slice(4)))).toMatch(/^line 1: errors: canary of tier=enterprise: 4 events among 3/);
    expect(wrong(line('"users":"many"'))).toMatch(/^line 1: .*users/);
  });

  test('of a rollout of which there is only the time before passes nothing', () => {
    const reader = new TraceReader(plan);
    const baseline = { requests: 100, errors: 1 };
    const say = (number: number, of: object) => reader.read(JSON.stringify({ baseline, ...of }), number);
    say(1, { rollout: 'r1', stage: 'history', t: -30 });
    say(2, { rollout: 'r2', stage: 'history', t: -30 });
    say(3, { rollout: 'r2', stage: 'history', t: -15 });
    say(4, { rollout: 'r1', stage: '5%', t: 15, canary: baseline });
    const faults = reader.faults();
    expect(faults).toEqual({
      rollouts: 2,
      wrong: 1,
      problems: [[2, 'stage: r2 has lines of history and none of a stage of the plan']],
    });
    expect(() => refuseFaults('x.jsonl', [faults])).toThrow(/x\.jsonl is not a trace/);
  });

  test('with lines that are none names all of them', () => {
    const bad = [
      '{"rollout":"r"',
      '{"rollout":"r","stage":"5%","t":15,"baseline":{"requests":1}}',
      '{"stage":5}',
    ].join('\n');
    try {
      parse(bad);
      expect.unreachable();
    } catch (error) {
      expect(isFailure(error) && error.code).toBe('TRACE_INVALID');
      expect(isFailure(error) && error.details).toMatchObject([
        'line 1: not JSON',
        'line 2: canary: missing in stage 5%',
        'line 3: rollout is missing; stage: expected string, received number; t is missing; baseline is missing',
      ]);
    }
  });
});
