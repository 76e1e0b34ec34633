import { expect, test } from 'vitest';
import type { Evidence } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import type { GateContext } from './stage.ts';
import { errorsPoll, planOf, randomOf, reading } from './traffic.fixture.ts';

const PLAN = planOf({ analysis: { noise: 0.3 } });
const QUIET: GateContext = { stageIndex: 1, dispersion: { errors: [0.001] } };

function seen(polls: number): Evidence {
  const random = randomOf(7);
  let evidence = openEvidence(PLAN);
  for (let i = 1; i <= polls; i++) {
    const traffic = { requests: 3000, share: 0.05, baseline: 0.005, canary: 0.009 };
    const poll = errorsPoll(random, { t: 15 * i, stage: '5%', ...traffic });
    evidence = observe(evidence, PLAN, reading(poll), QUIET);
  }
  return evidence;
}

test('what was found before is found anew for another stage, plan, noise or evidence', () => {
  const evidence = seen(40);
  const noisy: GateContext = { ...QUIET, dispersion: { errors: [3] } };
  const strict = { ...PLAN, analysis: { ...PLAN.analysis, falseRollback: 1e-6 } };
  const asked = [
    () => assess(evidence, PLAN, QUIET),
    () => assess(evidence, PLAN, noisy),
    () => assess(evidence, strict, QUIET),
    () => assess(evidence, PLAN, { ...QUIET, stageIndex: 2 }),
    () => assess(seen(30), PLAN, QUIET),
    () => assess(JSON.parse(JSON.stringify(evidence)), PLAN, QUIET),
  ];
  const apart = asked.map((one) => one());
  expect(new Set(apart.map(({ stage, lnE, threshold }) => `${stage} ${lnE} ${threshold}`)).size).toBe(5);
  expect(apart.at(-1)).toEqual(apart[0]);
  for (const [i, one] of asked.entries())
    for (const before of asked) {
      before();
      expect(one()).toEqual(apart[i]);
    }
});

test('who asks for the verdict alone takes nothing from who reads the interval', () => {
  const evidence = seen(40);
  const brief = assess(evidence, PLAN, { ...QUIET, brief: true });
  const full = assess(evidence, PLAN, QUIET);
  expect(brief.metrics[0]?.interval).toBeNull();
  expect(full.metrics[0]?.interval).not.toBeNull();
  expect(full.reason).toContain('at least');
  expect({ ...full, reason: brief.reason, metrics: brief.metrics }).toEqual(brief);
});
