import { describe, expect, it } from 'vitest';
import { Plan } from './plan.ts';
import { foundText, keptWaves, tenantQuestions, withTenants } from './tenant-answers.ts';
import type { TenantReply } from './tenant-query.ts';
import { wavesOf } from './waves.ts';

const from = { database: 'crm', query: 'select tenant from customers' };

function planWith(waves: object, more: object[] = []): Plan {
  return Plan.parse({
    metadata: { name: 'p' },
    flag: { key: 'p' },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp' }],
    stages: [...more, { name: 'tier', waves: { from, ...waves } }, { name: '100%', percent: 100 }],
  });
}

const rows = (...all: unknown[][]): TenantReply => ({ kind: 'rows', rows: all, seconds: 0.1 });

function settled(waves: object, reply: TenantReply, more: object[] = []) {
  return withTenants(planWith(waves, more), new Map([['tier', reply]]));
}

describe('waves by a share of the weight', () => {
  const tenants = [
    { name: 'giant', weight: 600 },
    { name: 'a', weight: 10 },
    { name: 'b', weight: 30 },
    { name: 'c', weight: 160 },
    { name: 'd', weight: 200 },
  ];

  it('take the smallest first, and never more than the share that they say', () => {
    expect(wavesOf(tenants, { share: [0.05, 0.25, 1] })).toEqual([['a', 'b'], ['c'], ['d', 'giant']]);
  });

  it('take those of `order` before', () => {
    expect(wavesOf(tenants, { share: [0.25, 0.5, 1], order: ['d'] })).toEqual([
      ['d', 'a', 'b'],
      ['c'],
      ['giant'],
    ]);
  });

  it('that nobody is small enough for are empty', () => {
    expect(wavesOf(tenants, { share: [0.5, 1], order: ['giant'] })[0]).toEqual([]);
  });

  it('of tenths are not one tenant short by how numbers are held', () => {
    const ten = Array.from({ length: 10 }, (_, index) => ({ name: `t${index}`, weight: 0.1 }));
    expect(wavesOf(ten, { share: [0.3, 1] })[0]).toHaveLength(3);
  });
});

describe('tenants that a database names', () => {
  it('become a stage for each wave, with all else of the stage, and the journal says who and from where', () => {
    const { plan, found, faults } = settled({ size: 2, order: ['c'] }, rows(['a'], ['b'], ['c']));
    expect(faults).toEqual([]);
    expect(plan.stages.map(({ name, audience }) => [name, audience?.tenants])).toEqual([
      ['tier 1/2', ['c', 'a']],
      ['tier 2/2', ['b']],
      ['100%', undefined],
    ]);
    expect(tenantQuestions(plan)).toEqual([]);
    expect(found.map(foundText)).toEqual([
      'Stage tier has 3 tenants, in 2 waves, from crm: select tenant from customers within 0.1 s: c, a | b.',
    ]);
  });

  it('of an audience stand in one stage beside its segments', () => {
    const plan = planWith({ size: 1 }, [
      { name: 'friendly', audience: { segments: ['staff'], tenantsFrom: from } },
    ]);
    const answers = new Map([['friendly', rows([7], ['b'])]]);
    const { plan: whole } = withTenants(plan, answers);
    expect(whole.stages[0]?.audience).toEqual({ segments: ['staff'], tenants: ['7', 'b'] });
    expect(tenantQuestions(whole).map(({ stage }) => stage)).toEqual(['tier']);
  });

  it.each<[string, object, TenantReply]>([
    ['crm names no tenant', { size: 1 }, rows()],
    ['crm names the tenant "a" twice', { size: 1 }, rows(['a'], ['a'])],
    ['crm has no tenant in the first column of row 2', { size: 1 }, rows(['a'], [null])],
    ['crm names more than 2 tenants', { size: 1, from: { ...from, most: 2 } }, rows(['a'], ['b'], ['c'])],
    ['crm names the tenant "acme", which is already in stage "friendly"', { size: 1 }, rows(['acme'])],
    ['crm does not name "z", which `order` has', { size: 1, order: ['z'] }, rows(['a'])],
    ['crm has no weight of "b" in the second column', { share: ['100%'] }, rows(['a', '1'], ['b', null])],
    [
      'crm has no tenant that fits into wave 1 of "share": the next one is larger than the share leaves',
      { share: ['5%', '100%'] },
      rows(['a', 10], ['b', '90']),
    ],
    [
      'crm names 101 tenants, which are 101 stages in waves of 1',
      { size: 1 },
      rows(...Array.from({ length: 101 }, (_, index) => [`t${index}`])),
    ],
    [
      'crm did not answer: no answer within 10 s',
      { size: 1 },
      { kind: 'silent', why: 'no answer within 10 s' },
    ],
  ])('are refused: %s', (message, waves, reply) => {
    const friendly = { name: 'friendly', audience: { tenants: ['acme'] } };
    const { plan, faults } = settled(waves, reply, [friendly]);
    expect(faults.map((fault) => fault.message)).toEqual([message]);
    expect(plan.stages).toHaveLength(3);
  });

  it('stay those of the rollout while its plan asks the same', () => {
    const asks = planWith({ size: 2 });
    const { plan: was } = settled({ size: 2 }, rows(['a'], ['b'], ['c']));
    expect(keptWaves('tier', { asks, before: asks, was })).toEqual([['a', 'b'], ['c']]);
    expect(keptWaves('tier', { asks: planWith({ size: 3 }), before: asks, was })).toBeNull();
    const kept = withTenants(asks, new Map([['tier', { kind: 'kept', waves: [['a', 'b'], ['c']] }]]));
    expect(kept.plan).toEqual(was);
    expect(kept.found.map(foundText)[0]).toContain('as before, from crm');
  });
});
