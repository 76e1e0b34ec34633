import { describe, expect, it } from 'vitest';
import { parsePlan } from './parse.ts';
import { Plan } from './plan.ts';
import { sharedNotes } from './shared-service.ts';

function plan(key: string, more: object = {}): Plan {
  const of = (labels: string) => `http_requests_total{service="shop"${labels}}`;
  return Plan.parse({
    metadata: { name: key, service: 'shop' },
    flag: { key },
    metrics: [
      { name: 'errors', kind: 'ratio', bad: of(',code="500"'), total: of(''), soft: '+1pp' },
      { name: 'own', kind: 'ratio', bad: of(`,flag="${key}",code="500"`), total: of(`,flag="${key}"`) },
      { name: 'memory', kind: 'gauge', gauge: 'memory_bytes' },
    ],
    stages: [{ name: '5%', percent: 5 }],
    ...more,
  });
}

describe('of another rollout of the service the submitter is told', () => {
  it('which metrics count both flags, and how to wait', () => {
    expect(sharedNotes(plan('a'), [{ id: 'b-1', plan: plan('b') }])).toEqual([
      'b-1 (b) moves shop as well: errors, memory cannot be told apart, since no label of the selectors names the flag and both plans have the same cohorts. `policy.sharedService: wait` waits for its end.',
    ]);
    const waits = sharedNotes(plan('a', { policy: { sharedService: 'wait' } }), [
      { id: 'b-1', plan: plan('b') },
    ]);
    expect(waits[0]).not.toContain('waits for its end');
  });

  it('that cohorts by another label are other series', () => {
    const source = { cohorts: { label: 'b_variant', baseline: 'off', canary: 'on' } };
    expect(sharedNotes(plan('a'), [{ id: 'b-1', plan: plan('b', { source }) }])).toEqual([
      'b-1 (b) moves shop as well; every metric of this plan tells the two apart.',
    ]);
    expect(sharedNotes(plan('a'), [])).toEqual([]);
  });
});

it.each(['perService: 1', 'sharedService: wait'])('`%s` needs the name of the service', (said) => {
  const text = (service: string) => `
metadata: { name: a${service} }
flag: { key: a }
policy: { ${said} }
metrics: [{ name: errors, kind: ratio, bad: e, total: n, soft: +0.1pp, hard: +0.5pp }]
stages: [{ name: 5%, percent: 5 }]
`;
  const found = (service: string) => JSON.stringify(parsePlan(text(service), 'plan.yaml'));
  expect(found('')).toContain('PLAN-SERVICE');
  expect(found(', service: shop')).not.toContain('PLAN-SERVICE');
});
