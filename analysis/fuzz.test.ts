import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CohortSample, Reading, Sample } from '../plans/sample.ts';
import { edge, numbersOf, plan, polls, raw, sample, wild } from './any-sample.fixture.ts';
import type { Evidence } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { learn } from './history.ts';
import { restoreEvidence } from './restored-evidence.ts';
import type { GateContext } from './stage.ts';
import { latencyBuckets, planOf, randomOf } from './traffic.fixture.ts';

const METRICS = ['errors', 'orders', 'p95', 'value', 'memory'] as const;
type Name = (typeof METRICS)[number];
const FIELDS = ['ratios', 'histograms', 'means', 'gauges'] as const;

/** A cohort with nothing wrong, for plans that ask for no proof and no improvement. */
function healthy(random: () => number, requests: number): CohortSample {
  const some = (rate: number) => Math.round(requests * rate * (0.9 + 0.2 * random()));
  return {
    requests,
    ratios: {
      errors: { events: some(0.005), total: requests },
      orders: { events: some(0.3), total: requests },
    },
    histograms: { p95: latencyBuckets(random, { requests, mean: 0.2 }) },
    means: { value: { sum: some(20), count: requests } },
    gauges: { memory: 100 + random() },
  };
}

/** What becomes of a metric of one cohort that tells nothing: gone, no number, impossible, empty, of foreign buckets. */
type Darkness = 'absent' | 'empty' | 'nothing' | { wrong: number };
function darkened(sample: CohortSample, name: Name, how: Darkness): CohortSample {
  const field = FIELDS.find((one) => name in (sample[one] ?? {})) ?? 'ratios';
  const { [name]: _old, ...others } = (sample[field] ?? {}) as Record<string, unknown>;
  const wrong = typeof how === 'object' ? how.wrong : 0;
  const dark = {
    ratios: how === 'empty' ? { events: 0, total: 0 } : { events: wrong, total: -1 },
    histograms:
      how === 'empty'
        ? [['+Inf', 0]]
        : how === 'nothing'
          ? [['+Inf', 1000]]
          : [
              [0.33, wrong],
              ['+Inf', 1000],
            ],
    means: how === 'empty' ? { sum: 0, count: 0 } : { sum: wrong, count: -1 },
    gauges: how === 'empty' || how === 'nothing' ? Number.NaN : Number.POSITIVE_INFINITY,
  }[field];
  return { ...sample, [field]: how === 'absent' ? others : { ...others, [name]: dark } };
}

describe('a metric that tells nothing', () => {
  const easy = planOf({
    source: { poll: '10s' },
    metrics: raw.map(({ improve: _improve, ...metric }) => metric),
    stages: [{ name: '25%', percent: 25, bake: '2m', minRequests: 0 }],
  });
  const verdicts = (dark: (one: Sample) => Sample, seed: number) => {
    const random = randomOf(seed);
    let evidence = openEvidence(easy);
    return Array.from({ length: 80 }, (_, i) => {
      const made = {
        stage: '25%',
        t: 10 * (i + 1),
        baseline: healthy(random, 1500),
        canary: healthy(random, 500),
      };
      evidence = observe(
        evidence,
        easy,
        { kind: 'sample', sample: dark(made), expressions: {}, queries: [] },
        AT,
      );
      return assess(evidence, easy, { ...AT, brief: true }).verdict;
    });
  };
  const AT = { stageIndex: 0 };
  const darkness: fc.Arbitrary<Darkness> = fc.oneof(
    fc.constantFrom<Darkness>('absent', 'empty', 'nothing'),
    fc.record({ wrong: wild }),
  );

  /** A poll in which nobody did what the metric counts is no loss: what was seen before stands. */
  const lost = darkness.filter((how) => how !== 'empty');

  test('never lets a gate pass that would pass with it', () => {
    expect(verdicts((one) => one, 1)).toContain('pass');
    fc.assert(
      fc.property(
        fc.constantFrom(...METRICS),
        fc.constantFrom('baseline' as const, 'canary' as const),
        fc.array(darkness, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (name, cohort, hows, seed) => {
          let poll = 0;
          const found = verdicts((one) => {
            const how = hows[poll % hows.length] ?? 'absent';
            poll += 1;
            return { ...one, [cohort]: darkened(one[cohort], name, how) };
          }, seed);
          expect(found).not.toContain('pass');
        },
      ),
      { numRuns: 50 },
    );
  });

  test('holds at once where it told something before', () => {
    fc.assert(
      fc.property(fc.constantFrom(...METRICS), lost, fc.nat(), (name, how, seed) => {
        const found = verdicts(
          (one) => (one.t <= 600 ? one : { ...one, canary: darkened(one.canary, name, how) }),
          seed,
        );
        expect(found.slice(60)).not.toContain('pass');
      }),
      { numRuns: 30 },
    );
  });
});

describe('whatever the samples hold', () => {
  const run = (readings: readonly Reading[], more: Partial<GateContext> = {}) => {
    let evidence: Evidence = openEvidence(plan);
    readings.forEach((one, i) => {
      evidence = observe(evidence, plan, one, { stageIndex: i < 15 ? 0 : 1, ...more });
    });
    const context = { stageIndex: readings.length <= 15 ? 0 : 1, ...more };
    return { evidence, assessment: assess(evidence, plan, context) };
  };
  const context: fc.Arbitrary<Partial<GateContext>> = fc.record(
    {
      edges: fc.record({ p95: fc.array(edge, { maxLength: 3 }) }),
      acceptances: fc.record({ errors: fc.constantFrom(0.01, -1), p95: fc.constant({ slowdown: 0.5 }) }),
    },
    { requiredKeys: [] },
  );

  test('the gate judges and keeps plain numbers', () => {
    fc.assert(
      fc.property(polls, context, (readings, more) => {
        const { evidence, assessment } = run(readings, more);
        expect(numbersOf(evidence).every(Number.isFinite)).toBe(true);
        const written = JSON.stringify(evidence);
        expect(JSON.stringify(restoreEvidence(JSON.parse(written), plan))).toBe(written);
        expect(numbersOf(assessment).every(Number.isFinite)).toBe(true);
        expect(assessment.reason).not.toContain('undefined');
      }),
      { numRuns: 300 },
    );
  });

  test('the time before a rollout is learnt from', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 30 }), (samples) => {
        const history = samples.map(({ baseline, halves }, i) => ({
          stage: 'history' as const,
          t: i - 100,
          baseline,
          ...(halves === undefined ? {} : { halves }),
        }));
        const learnt = learn(plan, history);
        expect(numbersOf(learnt).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
