import { FlagdCore } from '@openfeature/flagd-core';
import { OpenFeature, type Provider } from '@openfeature/server-sdk';
import { Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import type { Exposure } from '../plans/exposure.ts';
import { Plan } from '../plans/plan.ts';
import { stageExposure } from '../plans/stages.ts';
import { documentAt, FLAG } from '../test/fixtures/foreign.ts';
import { counters, total } from '../test/fixtures/metrics-page.ts';
import { createDispatcher } from './dispatcher.ts';

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: FLAG },
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't' }],
  stages: [
    { name: 'A/A', aa: { percent: 20 } },
    { name: '20%', percent: 20 },
  ],
});

/** An application whose flag has the definition that the embedded flag service hands out. */
async function shop(exposure: Exposure) {
  const core = new FlagdCore();
  core.setConfigurations(documentAt(exposure));
  const domain = `alike-${exposure.mode ?? 'served'}`;
  const provider: Provider = {
    metadata: { name: 'flagd core' },
    resolveBooleanEvaluation: async (key, value, context) =>
      core.resolveBooleanEvaluation(key, value, context),
    resolveStringEvaluation: async (key, value, context) => core.resolveStringEvaluation(key, value, context),
    resolveNumberEvaluation: async (key, value, context) => core.resolveNumberEvaluation(key, value, context),
    resolveObjectEvaluation: async (key, value, context) => core.resolveObjectEvaluation(key, value, context),
  };
  await OpenFeature.setProviderAndWait(domain, provider);
  const registry = new Registry();
  const dispatcher = createDispatcher({ service: 'shop', client: OpenFeature.getClient(domain), registry });
  let ran = 0;
  const served: Record<string, string> = {};
  for (let i = 0; i < 400; i += 1) {
    const user = `user-${i}`;
    served[user] = await dispatcher.run({
      flag: FLAG,
      context: { targetingKey: user },
      baseline: () => 'old',
      canary: () => {
        ran += 1;
        return 'new';
      },
    });
  }
  await dispatcher.idle();
  const page = counters([await registry.metrics()]);
  const counted = (variant: string) => total(page, 'tidegate_requests_total', { variant });
  await dispatcher.close();
  return { served, ran, canary: counted('on'), baseline: counted('off') };
}

afterEach(() => OpenFeature.clearProviders());

it('an A/A stage counts the users who come next, serves everybody by the old path and never runs the new one', async () => {
  const alike = await shop(stageExposure(plan, 0));
  expect(new Set(Object.values(alike.served))).toEqual(new Set(['old']));
  expect(alike.ran).toBe(0);
  expect(alike.canary + alike.baseline).toBe(400);
  expect(alike.canary).toBeGreaterThan(40);
  const next = await shop(stageExposure(plan, 1));
  expect(next.ran).toBe(alike.canary);
  expect(next.canary).toBe(alike.canary);
});
