import { expect, test } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import type { InstancesSeen } from '../plans/preflight.ts';
import type { Learnt } from './history.ts';
import { instanceFindings } from './instance-findings.ts';
import { planOf } from './traffic.fixture.ts';

const plan = planOf({
  stages: [
    { name: 'internal', audience: { segments: ['staff'] }, bake: '1h' },
    { name: '5%', percent: 5, bake: '1h' },
    { name: '25%', percent: 25, bake: '1h' },
  ],
});
const seen = { days: 7, baseline: 10, canary: 2, unnamed: 0 };
const brief = Array.from({ length: 8 }, () => 0.04);
const minutes = Array.from({ length: 8 }, (_, k) => 0.04 * 1.6 ** k);
const findings = (instances: Partial<InstancesSeen>, dispersion: Learnt['dispersion'] = {}, of = plan) =>
  instanceFindings(of, { ...seen, ...instances }, { dispersion });

test('one instance of the canary is warned of, with what to do and from which stage on', () => {
  expect(findings({ canary: 1 })).toEqual([
    {
      severity: 'warning',
      check: 'noise',
      where: 'instance',
      message:
        "in the last 7 days the canary ran on one instance at most, the baseline runs on 10: how much one differs by itself cannot be measured. It is taken to be like one of the baseline's, so that cohorts differ by 2.8 times the variance that is planned with below; a stop must stand for 30 min, or for one that is 2.5 times as noisy (`analysis.canaryNoise`)",
      instead: 'two instances of the canary at least, from stage 5% on',
    },
  ]);
  const [few] = findings({ days: 1, baseline: 2, canary: 1 });
  expect(few?.message).toMatch(/^in the last day the canary ran on one instance .* runs on 2: how much/);
});

test('of two for each a stop waits where the noise lasts, where nobody knows whether it does, and where the plan says so', () => {
  const [waits, waitsFor] = [/ for 30 min, or for one that is 2\.5 times as noisy/, / is 2 times as noisy/];
  const said = { ...plan, analysis: { ...plan.analysis, canaryNoise: 2 } };
  const message = (...[dispersion, of]: [Learnt['dispersion']?, Plan?]) =>
    findings({ baseline: 2, canary: 1 }, dispersion, of)[0]?.message;
  expect(message()).toMatch(waits);
  expect(message({ errors: brief.slice(0, 4) })).toMatch(waits);
  expect(message({ errors: minutes })).toMatch(waits);
  expect(message({ errors: brief })).toMatch(
    /like one of the baseline's; no stop waits until one is ruled out that is noisier \(`analysis.canaryNoise`\)$/,
  );
  expect(message({ errors: brief }, said)).toMatch(waitsFor);
});

test('of means and gauges no stop waits: only counts of brief noise decide', () => {
  const gauge = { name: 'cpu', kind: 'gauge', gauge: 'cpu', soft: '+10%' };
  const both = planOf({
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp' }, gauge],
  });
  const [finding] = findings({ baseline: 2, canary: 1 }, { errors: brief }, both);
  expect(finding?.message).toContain('no stop waits until one is ruled out that is noisier');
});

test('few instances against many differ by more than is planned with, and up to three they do not', () => {
  const [finding] = findings({});
  expect(finding?.message).toContain('cohorts differ by 1.5 times the variance that is planned with below');
  expect(findings({ baseline: 6 })).toEqual([]);
});

test('what has no name cannot be counted, and is said', () => {
  const [finding] = findings({ canary: 0, unnamed: 3 });
  expect(finding?.message).toContain('3 series of the baseline name no instance');
  expect(finding?.instead).toContain('source.replicas');
});

test('nothing is said of what the past does not tell, nor where nothing is compared', () => {
  expect(instanceFindings(plan, null, { dispersion: {} })).toEqual([]);
  expect(findings({ canary: 0 })).toEqual([]);
  // The noise of a baseline of one instance is a finding of its own.
  expect(findings({ baseline: 1, canary: 1 })).toEqual([]);
  const full = planOf({ stages: [{ name: '100%', percent: 100, bake: '1h' }] });
  expect(findings({ canary: 1 }, {}, full)).toEqual([]);
  const advisory = planOf({ metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't' }] });
  expect(findings({ canary: 1 }, {}, advisory)).toEqual([]);
});
