import { describe, expect, it } from 'vitest';
import { openEvidence } from '../analysis/gate.ts';
import type { ReferenceReport, ReferenceRule } from '../plans/flag/references.ts';
import { Plan } from '../plans/plan.ts';
import { assessUnused } from './decommission.ts';
import type { GateMemory } from './event.ts';
import { assessment, planOf } from './world.fixture.ts';

const ORIGIN = 1_000_000;

function verdict(
  references: GateMemory['references'],
  {
    rule,
    cleanSince = 0,
    steps = [],
  }: { rule?: ReferenceRule; cleanSince?: number | null; steps?: object[] } = {},
) {
  const decommission = { cleanFor: '10s', steps, ...(rule === undefined ? {} : { references: rule }) };
  const plan = Plan.parse({
    metadata: { name: 'p' },
    flag: { key: 'p' },
    metrics: [{ name: 'e', kind: 'ratio', bad: 'b', total: 't', soft: '+1pp', hard: '+2pp' }],
    stages: [{ name: 'last', decommission, bake: '1s' }],
  });
  const memory: GateMemory = {
    evidence: openEvidence(planOf()),
    since: 0,
    cursor: 60,
    cleanSince,
    ...(references === undefined ? {} : { references }),
  };
  const result = assessUnused(assessment('hold', { t: 60 }), memory, { plan, stage: 0, origin: ORIGIN });
  return { verdict: result.verdict, reason: result.reason, holding: result.holding.map(({ kind }) => kind) };
}

const report = (count: number, over: Partial<ReferenceReport> = {}): ReferenceReport => ({
  repository: 'shop',
  count,
  commit: '1a2b3c4d5e6f',
  by: 'ci',
  at: ORIGIN + 1,
  ...over,
});

describe('the end of a rollout', () => {
  it('waits while any repository names the flag, whenever that was reported', () => {
    expect(verdict([report(3, { at: 1 }), report(0, { repository: 'web' })])).toEqual({
      verdict: 'hold',
      reason: 'the code still names the flag: 3 in shop at 1a2b3c4d5e',
      holding: ['references'],
    });
    expect(verdict([report(0)])).toMatchObject({ verdict: 'pass' });
    expect(verdict([report(3)], { cleanSince: null }).holding).toEqual(['clean', 'references']);
    const many = ['a', 'b', 'c', 'd', 'e'].map((repository) => report(1, { repository, commit: null }));
    expect(verdict(many).reason).toMatch(/: 1 in a, 1 in b, 1 in c and in 2 more$/);
  });

  it('waits for a report where the plan asks for one, made since the rollout began', () => {
    expect(verdict([])).toMatchObject({ verdict: 'pass' });
    expect(verdict([], { rule: 'required' })).toMatchObject({ verdict: 'hold', holding: ['references'] });
    expect(verdict([report(0, { at: ORIGIN - 1 })], { rule: 'required' }).verdict).toBe('hold');
    expect(verdict([report(0)], { rule: 'required' }).verdict).toBe('pass');
  });

  it('leaves the code to the step that is about it, where the plan has one', () => {
    const steps = [{ name: 'take it out', kind: 'code', due: '14d' }];
    expect(verdict([report(3)], { rule: 'required', steps }).verdict).toBe('pass');
    expect(verdict([report(3)], { steps: [{ name: 'tables', kind: 'data', due: '14d' }] }).verdict).toBe(
      'hold',
    );
  });

  it('does not pass over what cannot be read, and asks nobody where the plan or the past does not', () => {
    expect(verdict('unread')).toMatchObject({
      verdict: 'hold',
      reason: 'what names the flag cannot be read',
    });
    expect(verdict('unread', { rule: 'ignored' }).verdict).toBe('pass');
    expect(verdict([report(3)], { rule: 'ignored' }).verdict).toBe('pass');
    expect(verdict(undefined, { rule: 'required' }).verdict).toBe('pass');
  });
});
