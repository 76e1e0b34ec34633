import { expect, test } from 'vitest';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { bandIn } from './bands.ts';
import { planOf } from './traffic.fixture.ts';

const plan = planOf({
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.5pp' },
    { name: 'latency', kind: 'latency', histogram: 'seconds', quantile: 0.9, soft: '+30%' },
    { name: 'basket', kind: 'mean', sum: 'sum', count: 'count', soft: '-10%' },
  ],
});
const [errors, latency, basket] = plan.metrics;

function sample(total: number): Sample {
  const cohort: CohortSample = {
    requests: total,
    ratios: { errors: { events: total / 10, total } },
    histograms: {
      latency: [
        [0.1, total / 2],
        [0.2, total * 0.9],
        [0.4, total],
        ['+Inf', total],
      ],
    },
    means: { basket: { sum: 5, count: 1 } },
  };
  return { stage: '1%', t: 15, baseline: cohort, canary: cohort };
}

test("a rate's band is Wilson's, and is narrower the more polls are one point", () => {
  const one = bandIn(errors!, [sample(100)], 'canary') ?? [0, 0];
  expect(one[0]).toBeCloseTo(0.0552, 4);
  expect(one[1]).toBeCloseTo(0.1744, 4);
  const [low, high] = bandIn(errors!, [sample(100), sample(300)], 'canary') ?? [0, 0];
  expect(high - low).toBeLessThan((one[1] - one[0]) * 0.6);
});

test("a quantile's band holds the quantile, and its width follows the number of requests", () => {
  const [low, high] = bandIn(latency!, [sample(1000)], 'baseline') ?? [0, 0];
  expect(low).toBeGreaterThan(0.15);
  expect(low).toBeLessThan(0.2);
  expect(high).toBeGreaterThan(0.2);
  const wide = bandIn(latency!, [sample(100)], 'baseline') ?? [0, 0];
  expect(wide[1] - wide[0]).toBeGreaterThan(high - low);
});

test('there is none where the scatter or the traffic is not known', () => {
  expect(bandIn(basket!, [sample(100)], 'canary')).toBeNull();
  expect(bandIn(errors!, [sample(0)], 'canary')).toBeNull();
  expect(bandIn(errors!, [], 'canary')).toBeNull();
});
