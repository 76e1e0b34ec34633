import { expect, it } from 'vitest';
import { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { ALIKE, ALIKE_TEXT } from '../plans/shadow.ts';
import type { Evidence } from './evidence.ts';
import { assess, beginAnew, enterStage, observe, openEvidence } from './gate.ts';

const ratio = { kind: 'ratio', bad: 'b', total: 't', soft: '+0.5pp', hard: '+2pp' };
const plan = Plan.parse({
  metadata: { name: 'search' },
  flag: { key: 'search' },
  metrics: [
    { name: 'errors', ...ratio, improve: '-0.1pp' },
    { name: 'behind', of: 'shadow', ...ratio },
  ],
  limits: [{ name: 'ceiling', metric: 'errors', above: '30%', action: 'rollback' }],
  coverage: [{ slice: 'tier=enterprise', minUsers: 5 }],
  stages: [
    { name: 'A/A', aa: { percent: 50 }, bake: '60s', minRequests: 100 },
    { name: '50%', percent: 50, bake: '60s', minRequests: 100 },
  ],
});

/** Polls of 1,000 requests of each cohort; `bad`: events of the canary's, where the baseline has 10. */
function gate(index: number, bad: number, from: Evidence = openEvidence(plan), polls = 40) {
  let evidence = enterStage(from, plan, index);
  const begin = evidence.t ?? 0;
  const cohort = (events: number) => ({
    requests: 1000,
    ratios: { errors: { events, total: 1000 } },
    histograms: {},
  });
  for (let i = 1; i <= polls; i += 1) {
    const t = begin + i * 15;
    const stage = plan.stages[index]?.name ?? '';
    const sample: Sample = { stage, t, baseline: cohort(10), canary: cohort(bad) };
    evidence = observe(
      evidence,
      plan,
      { kind: 'sample', sample, expressions: {}, queries: [] },
      { stageIndex: index },
    );
  }
  return { evidence, assessment: assess(evidence, plan, { stageIndex: index }) };
}

it('two cohorts of the old path that are alike pass by the ordinary metrics; none of them is to be better', () => {
  const { assessment } = gate(0, 10);
  expect(assessment).toMatchObject({ verdict: 'pass', holding: [] });
  expect(assessment.metrics.map(({ metric }) => metric)).toEqual(['errors']);
  expect(assessment.limits).toMatchObject([{ limit: ALIKE, fired: false }, { limit: 'ceiling' }]);
  expect(gate(1, 10).assessment.holding).toMatchObject([
    { kind: 'data' },
    { kind: 'coverage' },
    { kind: 'improvement' },
  ]);
});

it('cohorts that are not alike pause and say what that means, also far beyond the hard margin and a limit that rolls back', () => {
  for (const bad of [60, 400]) {
    const { assessment } = gate(0, bad);
    expect(assessment).toMatchObject({ verdict: 'hold', metric: null });
    expect(assessment.reason).toContain(`${ALIKE_TEXT}; errors: canary`);
    expect(assessment.metrics[0]?.verdict).toBe('hold');
    expect(assessment.limits).toMatchObject([
      { limit: ALIKE, fired: true, action: 'pause' },
      { limit: 'ceiling', fired: bad === 400, action: 'pause' },
    ]);
  }
  expect(gate(1, 60).assessment.verdict).toBe('hard');
});

it('what told them apart speaks against no canary, nor what speaks against a canary against them', () => {
  const apart = gate(0, 60);
  const served = gate(1, 10, apart.evidence);
  expect(served.assessment.metrics[0]?.lnE).toBe(gate(1, 10).assessment.metrics[0]?.lnE);
  const worse = gate(1, 60, gate(0, 10).evidence);
  expect(worse.assessment.verdict).toBe('hard');
  const back = gate(0, 10, worse.evidence, 5);
  expect(back.assessment.limits[0]).toMatchObject({ limit: ALIKE, fired: false });
  expect(gate(1, 10, back.evidence, 1).assessment.verdict).toBe('hard');
  expect(JSON.parse(JSON.stringify(back.evidence))).toEqual(back.evidence);
});

it('begins anew once people have mended what told them apart', () => {
  const apart = gate(0, 60).evidence;
  expect(gate(0, 10, apart, 1).assessment.limits[0]?.fired).toBe(true);
  const mended = gate(0, 10, beginAnew(apart), 2).assessment;
  expect(mended.limits[0]?.fired).toBe(false);
  expect(mended.holding[0]).toMatchObject({ kind: 'bake' });
  expect(gate(0, 10, beginAnew(apart)).assessment.verdict).toBe('pass');
});
