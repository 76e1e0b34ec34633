import { expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import type { Reading, Sample } from '../plans/sample.ts';
import { PARITY, planInStage } from '../plans/shadow.ts';
import type { Evidence } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';

const ratio = { kind: 'ratio', bad: 'b', total: 't', soft: '+0.5pp', hard: '+2pp' };
const plan = Plan.parse({
  metadata: { name: 'search' },
  flag: { key: 'search' },
  source: { users: 'users' },
  metrics: [
    { name: 'errors', ...ratio },
    { name: 'behind', of: 'shadow', ...ratio },
  ],
  stages: [
    { name: 'shadow', shadow: { parity: '1%' }, bake: '45s', minRequests: 100 },
    { name: '5%', percent: 5, bake: '45s', minRequests: 10, maxUsers: 40 },
  ],
});

function poll(index: number, name: string, of: { canary: number; parity?: number; users?: number }): Reading {
  const stage = plan.stages[index]?.name ?? '';
  const cohort = (total: number, events: number) => ({
    requests: total,
    ratios: { [name]: { events, total } },
    histograms: {},
  });
  const all = index === 0 ? 1000 : 19_000;
  const sample = (t: number): Sample => ({
    stage,
    t,
    baseline: { ...cohort(all, all * 0.01), users: 950 },
    canary: { ...cohort(1000, of.canary), ...(of.users === undefined ? {} : { users: of.users }) },
  });
  const expr = planInStage(plan, 0).limits[0]?.expr ?? '';
  const expressions: Record<string, number> = of.parity === undefined ? {} : { [expr]: of.parity };
  return { kind: 'sample', sample: sample(0), expressions, queries: [] };
}

function gate(index: number, reading: Reading, polls: number, from: Evidence = openEvidence(plan)) {
  let evidence = enterStage(from, plan, index);
  const begin = evidence.t ?? 0;
  for (let i = 1; i <= polls; i += 1) {
    if (reading.kind !== 'sample') throw new Error('no sample');
    const sample = { ...reading.sample, t: begin + i * 15 };
    evidence = observe(evidence, plan, { ...reading, sample }, { stageIndex: index });
  }
  return { evidence, assessment: assess(evidence, plan, { stageIndex: index }) };
}

it('a gate behind the old path passes by the runs behind and parity, with no users and no split', () => {
  const { assessment } = gate(0, poll(0, 'behind', { canary: 10, parity: 0.005 }), 4);
  expect(assessment).toMatchObject({ verdict: 'pass', stage: 'shadow', holding: [] });
  expect(assessment.metrics.map(({ metric }) => metric)).toEqual(['behind']);
  expect(assessment.limits).toMatchObject([{ limit: PARITY, value: 0.005, fired: false }]);
});

it('never passes behind the old path while nothing was compared, and pauses where the answers differ', () => {
  const unknown = gate(0, poll(0, 'behind', { canary: 10 }), 4).assessment;
  expect(unknown.verdict).toBe('hold');
  expect(unknown.holding).toMatchObject([{ kind: 'data', rejections: [{ metric: PARITY }] }]);
  const differing = gate(0, poll(0, 'behind', { canary: 10, parity: 0.02 }), 4).assessment;
  expect(differing.verdict).toBe('hold');
  expect(differing.limits).toMatchObject([{ limit: PARITY, fired: true, action: 'pause' }]);
  expect(differing.reason).toContain(PARITY);
});

it('stops when the runs behind fail, and that evidence is not what the served stage is judged by', () => {
  const { assessment, evidence } = gate(0, poll(0, 'behind', { canary: 60, parity: 0 }), 40);
  expect(assessment).toMatchObject({ verdict: 'hard', metric: 'behind' });
  const served = gate(1, poll(1, 'errors', { canary: 10, users: 40 }), 40, evidence);
  expect(served.assessment.metrics.map(({ metric }) => metric)).toEqual(['errors']);
  expect(served.assessment.verdict).toBe('pass');
  expect(served.evidence.metrics['behind']).toBeDefined();
});

it('a stage whose canary has met more users than it may pauses', () => {
  const { assessment } = gate(1, poll(1, 'errors', { canary: 10, users: 41 }), 4);
  expect(assessment.limits).toMatchObject([
    { limit: 'users of 5%', value: 41, threshold: 40, fired: true, action: 'pause' },
  ]);
  expect(assessment.reason).toContain('users of 5%');
});
