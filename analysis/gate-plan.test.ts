import { expect, test } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import type { Evidence } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { errorsPoll, planOf, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;

/** Polls of a canary that has one point more errors than the baseline's half percent, in a stage of 25 %. */
function worse(
  evidence: Evidence,
  plan: Plan,
  { polls, from = 0 }: { polls: number; from?: number },
): Evidence {
  const random = randomOf(11 + from);
  const at = { requests: 2_000, share: 0.25, baseline: 0.005, canary: 0.015, stage: '25%' };
  let known = evidence;
  for (let i = 1; i <= polls; i++) {
    const sample = errorsPoll(random, { ...at, t: (from + i) * STEP });
    known = observe(known, plan, reading(sample), { stageIndex: 0 });
  }
  return known;
}

const planWith = (stage: object, soft = '+0.1pp', hard = '+0.5pp') =>
  planOf({
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft, hard }],
    stages: [{ name: '25%', percent: 25, bake: '1h', ...stage }],
  });

const begun = (plan: Plan) => enterStage(openEvidence(plan), plan, 0);

test('a stage with margins of its own is judged by them, whatever the metric says elsewhere', () => {
  const strict = planWith({});
  expect(assess(worse(begun(strict), strict, { polls: 40 }), strict, { stageIndex: 0 }).verdict).toBe('hard');
  const patient = planWith({ metrics: { errors: { soft: '+3pp', hard: '+5pp' } } });
  const borne = assess(worse(begun(patient), patient, { polls: 40 }), patient, { stageIndex: 0 });
  expect(borne.metrics[0]).toMatchObject({ soft: 0.03, hard: 0.05 });
  expect(borne.verdict).toBe('hold');
  const wide = planWith({ metrics: { errors: { soft: '+0.1pp', hard: '+0.5pp' } } }, '+3pp', '+5pp');
  expect(assess(worse(begun(wide), wide, { polls: 40 }), wide, { stageIndex: 0 }).verdict).toBe('hard');
});

test('an amendment that loosens a margin erases no evidence against the build', () => {
  const plan = planWith({});
  const seen = worse(begun(plan), plan, { polls: 8 });
  const { lnE } = assess(seen, plan, { stageIndex: 0 });
  expect(lnE).toBeGreaterThan(1);
  const loose = planWith({}, '+3pp', '+5pp');
  expect(assess(seen, loose, { stageIndex: 0 }).lnE).toBeGreaterThanOrEqual(lnE - 1e-9);
});

test('an amendment that tightens a margin applies from the next poll on', () => {
  const loose = planWith({}, '+3pp', '+5pp');
  const borne = worse(begun(loose), loose, { polls: 40 });
  expect(assess(borne, loose, { stageIndex: 0 }).verdict).toBe('hold');
  const tight = planWith({});
  const polls = 40;
  const after = worse(borne, tight, { polls, from: polls });
  expect(assess(after, tight, { stageIndex: 0 }).verdict).toBe('hard');
});

test('a last stage with a holdback is compared with it, as every stage below 100 % is', () => {
  const plan = planOf({ stages: [{ name: '99%', percent: 99, bake: '30m', minRequests: 1000 }] });
  const stopsAt = (extra: number) => {
    const random = randomOf(5);
    let known = begun(plan);
    for (let poll = 1; poll <= 240; poll++) {
      const rates = { baseline: 0.005, canary: 0.005 + extra };
      const at = { requests: 3_000, share: 0.99, stage: '99%', t: poll * STEP };
      known = observe(known, plan, reading(errorsPoll(random, { ...at, ...rates })), { stageIndex: 0 });
      const { verdict } = assess(known, plan, { stageIndex: 0 });
      if (verdict === 'soft' || verdict === 'hard') return { verdict, minutes: (poll * STEP) / 60 };
    }
    return assess(known, plan, { stageIndex: 0 });
  };
  const healthy = stopsAt(0);
  expect(healthy).toMatchObject({ verdict: 'pass' });
  expect('warnings' in healthy ? healthy.warnings.join() : '').not.toContain('not compared');
  expect(stopsAt(0.02)).toMatchObject({ verdict: 'hard' });
});
