import { describe, expect, it } from 'vitest';
import { parsePlan } from './parse.ts';
import { Plan } from './plan.ts';
import { mixes, sharedNotes } from './shared-service.ts';

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
      'b-1 (b) moves shop as well: errors, memory cannot be told apart, since no label of the selectors names the flag and both plans have the same cohorts. This rollout waits for its end; `policy.sharedService: note` goes on beside it.',
    ]);
    const waits = sharedNotes(plan('a', { policy: { sharedService: 'wait' } }), [
      { id: 'b-1', plan: plan('b') },
    ]);
    expect(waits[0]).toContain('This rollout waits for its end.');
    const notes = sharedNotes(plan('a', { policy: { sharedService: 'note' } }), [
      { id: 'b-1', plan: plan('b') },
    ]);
    expect(notes[0]).toContain('goes on beside it all the same');
  });

  it('that the other one cannot tell them apart, though this one can', () => {
    const own = { name: 'own', kind: 'gauge', gauge: 'memory_bytes{flag="a"}' };
    const careful = plan('a', { metrics: [own] });
    expect(mixes(careful, plan('b'))).toBe(true);
    expect(sharedNotes(careful, [{ id: 'b-1', plan: plan('b') }])[0]).toContain(
      'errors, memory of b-1 cannot be told apart',
    );
    const other = plan('b', { metrics: [{ ...own, gauge: 'memory_bytes{flag="b"}' }] });
    expect(mixes(careful, other)).toBe(false);
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
