import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allowPreflight } from '../plans/allowed.ts';
import { parsePlan } from '../plans/parse.ts';
import { Plan } from '../plans/plan.ts';
import { assumedService } from './assumed.ts';
import { stageFindings } from './stage-findings.ts';
import { planStages } from './stage-outlook.ts';
import { trafficRisks, unseenIn } from './unseen.ts';

const text = readFileSync(new URL('../plans/examples/dispatcher.yaml', import.meta.url), 'utf8');

function checked(requestsPerSecond: number, more = '') {
  const parsed = parsePlan(text + more, 'plan.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
  return parsed.with({
    knows: 'traffic',
    review: (plan, warn) => trafficRisks(plan, { requestsPerSecond, warn }),
  });
}

test('a stage whose traffic cannot show its thresholds is a risk, with the time that would', () => {
  const { warnings } = checked(100);
  expect(warnings).toMatchObject([{ rule: 'PLAN-UNSEEN', path: 'stages[1].name' }]);
  expect(warnings[0]?.message).toContain('at 100 requests/s 24h is too short here');
  expect(warnings[0]?.message).toContain('errors 0.2 pp (twice the soft margin)');
  expect(warnings[0]?.instead).toMatch(/^bake: \d+d, or more percent/);
});

test('less traffic sees less, and enough of it everything', () => {
  const stages = (requestsPerSecond: number) => checked(requestsPerSecond).warnings.map(({ path }) => path);
  expect(stages(1).length).toBeGreaterThan(stages(100).length);
  expect(stages(3000)).toEqual([]);
});

test('it can be allowed, and is unused only where the traffic shows everything', () => {
  const allow = '\nallow: [{ rule: PLAN-UNSEEN, reason: the later stages see it }]\n';
  expect(checked(100, allow)).toMatchObject({ warnings: [], allowed: [{ rule: 'PLAN-UNSEEN' }] });
  expect(checked(3000, allow).warnings).toMatchObject([{ rule: 'PLAN-ALLOW-UNUSED' }]);
});

test('values and gauges are no finding: of them the traffic tells nothing', () => {
  const { plan } = checked(100);
  const metrics = [{ name: 'memory', kind: 'gauge', gauge: 'm', soft: '+20%' }];
  const valued = Plan.parse({
    metadata: { name: 'a' },
    flag: { key: 'a' },
    metrics,
    stages: plan.stages.map(({ name, percent = 1 }) => ({ name, percent })),
  });
  expect(planStages(assumedService(valued, 0.01)).flatMap(unseenIn)).toEqual([]);
});

test('a preflight names the same risk, and only notes what the plan allows', () => {
  const { plan } = checked(100);
  const found = planStages(assumedService(plan, 100)).flatMap(stageFindings);
  const short = found.find(({ rule }) => rule === 'PLAN-UNSEEN');
  expect(short).toMatchObject({ severity: 'warning', where: 'stage 1%' });
  const allowed = allowPreflight(found, [{ rule: 'PLAN-UNSEEN', reason: 'the later stages see it' }]);
  const after = allowed.filter(({ rule }) => rule === 'PLAN-UNSEEN');
  expect(after.every(({ severity }) => severity === 'note')).toBe(true);
  expect(after[0]?.message).toContain('(allowed: the later stages see it)');
});
