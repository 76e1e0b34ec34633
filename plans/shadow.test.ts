import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findingText } from './finding.ts';
import { stageLease } from './lease.ts';
import { parsePlan } from './parse.ts';
import type { Plan } from './plan.ts';
import { checkExpression } from './promql.ts';
import { PARITY, planInStage, servedPlan } from './shadow.ts';
import { safeExposure, stageExposure } from './stages.ts';

const text = readFileSync(new URL('examples/dark-launch.yaml', import.meta.url), 'utf8');

function planOf(of = text): Plan {
  const parsed = parsePlan(of, 'p.yaml');
  if (parsed.kind === 'invalid') throw new Error(parsed.findings.map(findingText).join('\n'));
  return parsed.plan;
}

function said(was: string, by: string): string[] {
  if (!text.includes(was)) throw new Error(`no "${was}"`);
  const parsed = parsePlan(text.replace(was, by), 'p.yaml');
  return (parsed.kind === 'ok' ? parsed.warnings : parsed.findings).map(
    ({ rule, path, message }) => `${rule} ${path}: ${message}`,
  );
}

describe('a dark launch', () => {
  const plan = planOf();

  it('serves nobody before its first served stage', () => {
    expect(plan.stages.slice(0, 4).map((_, index) => stageExposure(plan, index))).toEqual([
      { percent: 10, segments: [], variant: null, mode: 'dark' },
      { percent: 0, segments: [], variant: null, mode: 'shadow' },
      { percent: 0, segments: ['employees'], variant: null },
      { percent: 5, segments: ['employees'], variant: null },
    ]);
  });

  it('is judged by the runs behind, and by parity there alone', () => {
    const names = (index: number) => planInStage(plan, index).metrics.map(({ name }) => name);
    const limits = (index: number) => planInStage(plan, index).limits.map(({ name }) => name);
    expect([names(0), names(1)]).toEqual([
      ['shadow errors', 'shadow latency'],
      ['shadow errors', 'shadow latency'],
    ]);
    expect([names(2), servedPlan(plan).metrics.map(({ name }) => name)]).toEqual([
      ['errors', 'latency'],
      ['errors', 'latency'],
    ]);
    expect([limits(1), limits(2)]).toEqual([['error ceiling', PARITY], ['error ceiling']]);
    const again = planInStage(planInStage(plan, 1), 1);
    expect(again.limits).toHaveLength(2);
    const parity = planInStage(plan, 0).limits[1];
    expect(parity).toMatchObject({ above: { value: 0.001 }, action: 'pause' });
    expect(checkExpression(parity?.expr ?? '')).toBeNull();
  });

  it('without such stages is the plan itself', () => {
    const plain = planOf(readFileSync(new URL('examples/pricing-v2.yaml', import.meta.url), 'utf8'));
    expect(plain.stages.map((_, index) => planInStage(plain, index) === plain)).not.toContain(false);
  });

  it('has a lease on what is served only, which never ends in a cohort that would then be served', () => {
    const leased: Plan = { ...plan, lease: 600 };
    expect([stageLease(leased, 0), stageLease(leased, 1)]).toEqual([null, null]);
    expect(stageLease(leased, 2)?.fallback).toEqual({ percent: 0, segments: [], variant: null });
  });

  it('ends at nobody where it is stopped, also when the plan would freeze or withdraw', () => {
    const frozen: Plan = { ...plan, reversibility: 'forward-only', safeExposure: 'frozen' };
    expect(safeExposure(frozen, stageExposure(plan, 0))).toEqual({ percent: 0, segments: [], variant: null });
  });
});

describe('what is said of stages that serve nobody', () => {
  it.each([
    [
      '  - { name: dark, dark: { percent: 10, parity: 0.1% }, bake: 24h, minRequests: 5000 }\n',
      '  - { name: first, percent: 1 }\n',
      'PLAN-SHADOW stages[1].shadow: it comes after "first", in which somebody is served',
    ],
    [
      'dark: { percent: 10, parity: 0.1% }',
      'shadow: {}',
      'PLAN-SHADOW stages[1].shadow: it runs the new path behind no more requests than "dark"',
    ],
    [
      'minRequests: 50000 }',
      'minUsers: 50 }',
      'PLAN-SHADOW stages[1].minUsers: nobody is served in a stage of `shadow`',
    ],
    [
      'shadow: { parity: 0.1% }',
      'shadow: { parity: 0.1% }, percent: 1',
      'PLAN-STAGE stages[1].shadow: a stage has one of audience, waves, percent, aa, shadow, dark, decommission, and this one has percent and shadow',
    ],
    [
      'flag: { key: search-v4, expires: 2027-06-30 }',
      'flag: { key: search-v4, provider: told }\nmode: observe',
      'PLAN-SHADOW stages[0].dark: what others serve is told by its share, and not whether it is served at all',
    ],
  ])('%j written as %j', (was, by, wanted) => {
    expect(said(was, by)).toContain(wanted);
  });

  it.each([
    [
      '- { name: shadow, shadow: { parity: 0.1% }, bake: 24h, minRequests: 50000 }',
      '- { name: same, aa: {} }',
      'PLAN-SHADOW stages[1].aa: the beginning with the old path on both sides comes after "dark"',
    ],
    [
      '- { name: 5%, percent: 5, bake: 24h }',
      '- { name: same, aa: {} }',
      'PLAN-SHADOW stages[3].aa: it comes after "internal", in which somebody is served',
    ],
    [
      'stages:\n',
      'stages:\n  - { name: same, aa: {}, maxUsers: 9 }\n',
      'PLAN-SHADOW stages[0].maxUsers: nobody is served in a stage of `aa`',
    ],
    [
      'stages:\n',
      'stages:\n  - { name: same, aa: {}, metrics: { errors: { improve: -1pp } } }\n',
      'PLAN-SHADOW stages[0].metrics.errors.improve: both cohorts have the old path: neither is to be better',
    ],
    [
      'flag: { key: search-v4, expires: 2027-06-30 }\n',
      'flag: { key: search-v4, provider: told }\nmode: observe\n',
      'PLAN-SHADOW stages[0].dark: what others serve is told by its share, and not whether it is served at all',
    ],
  ])('of a beginning with the old path on both sides: %j written as %j', (was, by, wanted) => {
    expect(said(was, by)).toContain(wanted);
  });

  it('of one that stands where it should: nothing but who else asks for the flag', () => {
    const first = 'stages:\n  - { name: same, aa: {} }\n';
    const allowed = /.*PLAN-DARK.*\n/.exec(text)?.[0] ?? '';
    const parsed = parsePlan(text.replace('stages:\n', first).replace(allowed, ''), 'p.yaml');
    expect(parsed.kind === 'ok' && parsed.warnings.map(({ rule, path }) => `${rule} ${path}`)).toEqual([
      'PLAN-DARK stages[0].aa',
      'PLAN-DARK stages[1].dark',
    ]);
  });

  it('asks for metrics of the runs, and for stages that read them', () => {
    expect(said('of: shadow\n    kind: ratio', 'kind: ratio').join('\n')).not.toContain('no metric counts');
    const none = text.replaceAll('    of: shadow\n', '');
    const parsed = parsePlan(none, 'p.yaml');
    expect(parsed.kind === 'invalid' && parsed.findings.map(({ message }) => message)).toContain(
      'no metric counts what the new path does behind the old one',
    );
    const unread = parsePlan(text.replace(/ {2}- \{ name: (dark|shadow),.*\n/g, ''), 'p.yaml');
    expect(unread.kind === 'invalid' && unread.findings.map(({ message }) => message)).toContain(
      'no stage runs the new path behind the old one, so that shadow errors is never read',
    );
  });

  it('does not end with nobody served', () => {
    const cut = text.replace(/ {2}- \{ name: (internal|5%|25%|100%),.*\n/g, '');
    const parsed = parsePlan(cut, 'p.yaml');
    expect(parsed.kind === 'invalid' && parsed.findings.map(({ path }) => path)).toEqual(['stages']);
  });

  it('warns of a cohort that other code would serve', () => {
    expect(said(/.*PLAN-DARK.*\n/.exec(text)?.[0] ?? '', '')).toEqual([
      expect.stringContaining('PLAN-DARK stages[0].dark'),
    ]);
  });
});
