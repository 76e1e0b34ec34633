import { expect, test } from 'vitest';
import { assess, observe, openEvidence } from './gate.ts';
import { SERVICES, type Service, servicePolls } from './service.fixture.ts';
import { planOf, reading } from './traffic.fixture.ts';

const WORSE = [1.15, 1.3, 1.6, 2, 4, 20];

/** The poll at which the gate stops, of the same traffic with a canary that is worse by a factor; none: never. */
function stopOf(service: Service, of: { seed: number; worse: number; onset: number }): number {
  const plan = planOf({
    metrics: [{ name: 'm', ...service.metric }],
    stages: [{ name: '50%', percent: 50, bake: '1h', minRequests: 0 }],
  });
  const context = { stageIndex: 0, brief: true };
  let evidence = openEvidence(plan);
  for (const sample of servicePolls(service, { ...of, polls: 120 })) {
    evidence = observe(evidence, plan, reading(sample), context);
    const { verdict } = assess(evidence, plan, context);
    if (verdict === 'soft' || verdict === 'hard') return sample.t / 15;
  }
  return Number.POSITIVE_INFINITY;
}

test.each([
  ['latency', 0],
  ['latency', 60],
  ['mean', 0],
  ['mean', 60],
  ['gauge', 0],
  ['gauge', 60],
] as const)('a %s that is worse is never found later on the same traffic, from poll %i on', (kind, onset) => {
  let faster = 0;
  for (let seed = 0; seed < 12; seed++) {
    const found = WORSE.map((worse) => stopOf(SERVICES[kind], { seed, worse, onset }));
    expect({ seed, found }).toEqual({ seed, found: found.toSorted((a, b) => b - a) });
    // The worst is found.
    expect(found.at(-1)).toBeLessThan(120);
    if ((found.at(-1) ?? 0) < (found[1] ?? 0)) faster += 1;
  }
  // Otherwise it would say nothing.
  expect(faster).toBeGreaterThanOrEqual(10);
});
