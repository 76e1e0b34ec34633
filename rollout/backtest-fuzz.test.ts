import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refuseFaults, traceLine } from '../analysis/trace.ts';
import { latencyBuckets, planOf, randomOf } from '../analysis/traffic.fixture.ts';
import { Failure } from '../plans/failures.ts';
import type { CohortSample } from '../plans/sample.ts';
import { TraceRun } from './trace-run.ts';

const plan = planOf({
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp', hard: '+0.5pp' },
    { name: 'p95', kind: 'latency', histogram: 'seconds', soft: '+20%' },
    { name: 'value', kind: 'mean', sum: 's', count: 'c', soft: '-5%' },
    { name: 'memory', kind: 'gauge', gauge: 'm', soft: '+20%' },
  ],
});

/** A line that is right, as recorded. */
function line(t: number): string {
  const random = randomOf(t + 1000);
  const cohort = (requests: number): CohortSample => ({
    requests,
    ratios: { errors: { events: Math.round(requests * 0.005), total: requests } },
    histograms: { p95: latencyBuckets(random, { requests, mean: 0.2 }) },
    means: { value: { sum: requests * 9.5, count: requests } },
    gauges: { memory: 100 + random() },
  });
  const halves = [cohort(700), cohort(800)] as const;
  const of = { rollout: 'r', plan };
  return t < 0
    ? traceLine({ stage: 'history', t, baseline: cohort(1500), halves }, of)
    : traceLine(
        { stage: t < 3600 ? '1%' : '5%', t, baseline: cohort(1500), canary: cohort(150), halves },
        of,
      );
}

const token = fc.constantFrom(
  'NaN',
  'null',
  '-1',
  '1e999',
  '1e308',
  '0',
  '"x"',
  '{}',
  '[]',
  'true',
  '-Infinity',
);
/** What can happen to a line: another value somewhere, a part lost, another key, bytes of chance, other JSON. */
const broken: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(fc.nat(), token).map(([at, value]) => (text: string) => {
    const numbers = [...text.matchAll(/(?<=[:,[])-?\d[\d.e+-]*/g)];
    const hit = numbers[at % Math.max(1, numbers.length)];
    return hit === undefined
      ? text
      : text.slice(0, hit.index) + value + text.slice(hit.index + hit[0].length);
  }),
  fc.nat().map((at) => (text: string) => text.slice(0, at % text.length)),
  fc
    .tuple(fc.nat(), fc.constantFrom('__proto__', 'constructor', 'toString', '', '+Inf', '0.10', 'x', '-2'))
    .map(([at, key]) => (text: string) => {
      const keys = [...text.matchAll(/"[^"]*"(?=:)/g)];
      const hit = keys[at % Math.max(1, keys.length)];
      return hit === undefined
        ? text
        : `${text.slice(0, hit.index)}${JSON.stringify(key)}${text.slice(hit.index + hit[0].length)}`;
    }),
  fc.string().map((text) => () => text.replaceAll('\n', ' ')),
  fc.json().map((text) => () => text),
);

/** What a reader of the file is told, by line, and what became of the rollouts; each entry that is right goes through the plan. */
function backtested(lines: readonly string[], of = plan) {
  const run = new TraceRun(of);
  lines.forEach((one, i) => run.add(one, i + 1));
  const { faults, outcomes } = run.finish();
  if (faults.wrong > 0) expect(() => refuseFaults('trace.jsonl', [faults])).toThrow(Failure);
  expect(faults.problems.length).toBe(faults.wrong);
  return { told: new Map(faults.problems), outcomes: outcomes.map(({ outcome }) => outcome) };
}

describe('a trace with lines that are anything', () => {
  it('is read to its end, and what is wrong is told with its line, or is judged', () => {
    fc.assert(
      fc.property(fc.array(fc.option(broken, { freq: 2 }), { maxLength: 19 }), (all) => {
        const lines = all.map((wreck, i) => {
          const right = line(i < 4 ? (i - 4) * 15 : (i - 3) * (i > 12 ? 400 : 15));
          return wreck === null ? right : wreck(right);
        });
        const { told, outcomes } = backtested(lines);
        all.forEach((wreck, i) => {
          // A line that nobody touched is right, unless one before was taken for a later one, or nothing came after the time before.
          if (wreck === null)
            expect(told.get(i + 1) ?? 't: ').toMatch(/^(t: |stage: r has lines of history)/);
        });
        for (const [number, what] of told) {
          expect(lines[number - 1]?.trim()).not.toBe('');
          expect(what).not.toBe('');
        }
        for (const { outcome } of outcomes) expect(outcome).toMatch(/^(completed|paused|rolled-back)$/);
      }),
      { numRuns: 300 },
    );
  });

  it('names what is wrong', () => {
    const right = line(15);
    const wrong = (text: string) => backtested([line(0), text]).told.get(2) ?? '';
    expect(wrong(right)).toBe('');
    expect(wrong(right.slice(0, -9))).toBe('not JSON');
    expect(wrong('7')).toMatch(/^line: /);
    expect(wrong(right.replace('"0.1":', '"fast":'))).toMatch(/every key is an edge in seconds or "\+Inf"/);
    expect(wrong(right.replace('"0.1":', '"":'))).toMatch(/every key is an edge/);
    expect(wrong(right.replace('"0.1":', '"0.10":').replace('"0.05":', '"0.1":'))).toMatch(
      /p95: .*do not rise/,
    );
    expect(wrong(right.replace('"0.1":', '"-0.1":'))).toMatch(/p95: .*negative/);
    expect(wrong(right.replace(/"count":\d+/, '"count":NaN'))).toMatch(/^value: baseline: .*NaN is no mean/);
    expect(wrong(right.replace(/"count":\d+/, '"count":1e99'))).toMatch(/^value: baseline: .*is no mean/);
    expect(wrong(right.replace(/"memory":[\d.]+/, '"memory":1e99'))).toMatch(
      /^memory: baseline: 1e\+99 is no value/,
    );
    expect(wrong(right.replace(/"errors":\d+/, '"errors":{"+Inf":3}'))).toMatch(/^errors: expected a count/);
    expect(wrong(right.replace(/"value":\{[^}]*\}/, '"value":7'))).toMatch(/^value: expected \{"sum"/);
    expect(wrong(right.replace('"t":15', '"t":-15'))).toMatch(/^t: -15 is before the rollout began/);
    expect(wrong(right.replace('"t":15', '"t":0'))).toMatch(/^t: 0 does not come after 0/);
  });
});

describe('a trace whose buckets change', () => {
  it('is held where too few are left, with the reason, and goes on where the edges under test are kept', () => {
    const run = (kept: boolean) => {
      const latency = planOf({
        metrics: [{ name: 'p95', kind: 'latency', histogram: 'seconds', soft: '+20%' }],
        stages: [{ name: '25%', percent: 25, bake: '10m' }],
        policy: { noData: { after: '1h' } },
      });
      const random = randomOf(3);
      const lines = Array.from({ length: 60 }, (_, at) => {
        const i = at + 1;
        const cohort = (requests: number): CohortSample => {
          const all = latencyBuckets(random, { requests, mean: 0.2 });
          const changed = all.filter(([edge]) => edge === '+Inf' || (kept ? edge !== 0.1 : edge < 0.5));
          return { requests, ratios: {}, histograms: { p95: i <= 30 ? all : changed } };
        };
        const sample = { stage: '25%', t: i * 15, baseline: cohort(1500), canary: cohort(500) };
        return traceLine(sample, { rollout: 'r', plan: latency });
      });
      const { told, outcomes } = backtested(lines, latency);
      expect([...told]).toEqual([]);
      return outcomes[0];
    };
    expect(run(true)).toMatchObject({ outcome: 'completed', held: [] });
    const held = run(false);
    expect(held).toMatchObject({ outcome: 'completed', held: ['25%'] });
    expect(held?.reason).toMatch(
      /p95: the bucket edges .* under test are no longer in the histograms of both cohorts/,
    );
  });
});
