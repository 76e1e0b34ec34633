import { expect, it } from 'vitest';
import type { PlanOutlook } from '../server/api/plans.ts';
import { submitWords } from './page/plan/outlook-words.ts';

const stage = (name: string, percent: number, roles: string[] = []) => ({
  name,
  percent,
  segments: [],
  tenantsFrom: null,
  decommission: false,
  takes: 86_400,
  roles,
  quorum: 'any' as const,
});

it('a submit says who must agree, each of them or one, and until when the plan holds it', () => {
  const outlook: PlanOutlook = {
    name: 'pricing',
    title: null,
    environment: 'production',
    flag: 'pricing',
    mode: 'act',
    stages: [{ ...stage('5%', 5, ['lead', 'sre']), quorum: 2 }, stage('100%', 100)],
    startRoles: ['technical', 'operations'],
    startQuorum: 'all',
    opensAt: Date.parse('2999-01-02T09:00Z'),
    timezone: 'UTC',
    active: null,
    latch: null,
    maySubmit: true,
  };
  const words = submitWords(outlook).join('\n');
  expect(words).toContain('First it waits for approval by each of technical, operations.');
  expect(words).toMatch(/The plan holds it until .*09:00/);
  expect(words).toContain('After stage 5% it asks 2 people of lead, sre.');
  expect(words).toContain('It takes 2 d at least.');
  expect(words).not.toContain('Within seconds');
});
