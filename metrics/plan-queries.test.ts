import { expect, it } from 'vitest';
import { excluding } from '../plans/exclusion.ts';
import { Plan } from '../plans/plan.ts';
import { planSlices } from '../plans/slices.ts';
import { cohortQueries } from './plan-queries.ts';

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  metrics: [
    {
      name: 'errors',
      kind: 'ratio',
      bad: 'r_total{code=~"5.."}',
      total: 'r_total',
      soft: '+0.1pp',
      weight: 1,
    },
  ],
  coverage: [{ slice: 'tenant=acme' }, { slice: 'tenant=globex' }],
  stages: [{ name: '5%', percent: 5 }],
});

it('series of those who are excluded are read of neither cohort, and nothing is asked of them', () => {
  const selectors = (of: Plan) => cohortQueries(of).queries.map(({ selector }) => selector);
  expect(selectors(plan)).toEqual(['r_total{variant=~"off|on"}', 'r_total{code=~"5..",variant=~"off|on"}']);
  const narrowed = excluding(plan, ['tenant=acme', 'tenant=a.b', 'employees']);
  expect(selectors(narrowed)[0]).toBe('r_total{variant=~"off|on",tenant!~"acme|a\\\\.b"}');
  expect(planSlices(plan)).toEqual(['tenant=acme', 'tenant=globex']);
  expect(planSlices(narrowed)).toEqual(['tenant=globex']);
});
