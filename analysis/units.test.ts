import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, CohortSample, Sample } from '../plans/sample.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { chooseEdges } from './histogram.ts';
import { SERVICES, type Service, servicePolls } from './service.fixture.ts';
import { planOf, reading } from './traffic.fixture.ts';

const planFor = ({ metric }: Service): Plan =>
  planOf({
    metrics: [{ name: 'm', ...metric }],
    limits: [{ name: 'twice', metric: 'm', above: '2x baseline', for: '1m', action: 'rollback' }],
    stages: [{ name: '50%', percent: 50, bake: '10m', minRequests: 0 }],
  });

function judged(service: Service, samples: readonly Sample[], unit: number): Assessment[] {
  const plan = planFor(service);
  let evidence = openEvidence(plan);
  const scaled = (cohort: CohortSample) => service.scaled(cohort, unit);
  const pair = (of: Sample['halves']) => of?.map(scaled) as unknown as NonNullable<Sample['halves']>;
  return samples.map((sample) => {
    const { halves, canaryHalves } = sample;
    const other: Sample = {
      ...sample,
      baseline: scaled(sample.baseline),
      canary: scaled(sample.canary),
      halves: pair(halves),
      canaryHalves: pair(canaryHalves),
    };
    evidence = observe(evidence, plan, reading(other), { stageIndex: 0 });
    return assess(evidence, plan, { stageIndex: 0 });
  });
}

const shown = ({ verdict, metrics: [metric], limits }: Assessment) => ({
  verdict,
  metric: metric?.verdict,
  fired: limits.map((limit) => limit.fired),
});

describe.each(Object.entries(SERVICES))('a %s', (_, service) => {
  test('is judged alike in every unit, poll by poll', () => {
    const stops = new Set<string>();
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.oneof(
          fc.constantFrom(1e-6, 1e-3, 1e3, 1e6, 1 / 60),
          fc.double({ min: -12, max: 12, noNaN: true }).map((x) => 10 ** x),
        ),
        fc.constantFrom(0.7, 1, 1.2, 1.8, 3),
        (seed, unit, worse) => {
          const samples = servicePolls(service, { seed, worse, onset: 10, polls: 50 });
          const [own, other] = [judged(service, samples, 1), judged(service, samples, unit)];
          expect(other.map(shown)).toEqual(own.map(shown));
          for (const [i, one] of own.entries())
            expect(Math.abs((other[i]?.lnE ?? Number.NaN) - one.lnE)).toBeLessThan(1e-6);
          for (const one of own) stops.add(one.verdict);
        },
      ),
      { numRuns: 40, examples: [[1, 1e-6, 1.8]] },
    );
    // It is no test of a gate that only ever holds.
    expect(stops.size).toBeGreaterThan(1);
    expect([...stops].some((verdict) => verdict === 'soft' || verdict === 'hard')).toBe(true);
  });
});

test('edges are chosen alike in seconds and in milliseconds, whatever the margin and however edges lie', () => {
  const factor = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(factor, fc.constantFrom(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5), (first, margin) => {
      const within = Math.round(first * (1 + margin) * 1000);
      const edges = [first * 1000, within, Math.round(within * (1 + margin)), within * 20];
      const counts = [700, 850, 930, 990];
      const inUnit = (unit: number): Buckets => [
        ...edges.map((edge, i): [number, number] => [edge / unit, counts[i] ?? 0]),
        ['+Inf', 1000],
      ];
      for (const sign of [margin, -margin]) {
        const chosen = (unit: number) =>
          chooseEdges(inUnit(unit), { quantile: 0.9, margin: sign }).map((edge) => Math.round(edge * unit));
        expect(chosen(1e6)).toEqual(chosen(1e3));
      }
    }),
    { numRuns: 300 },
  );
});
