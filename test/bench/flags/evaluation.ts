import { writeFile } from 'node:fs/promises';
import { FlagdCore } from '@openfeature/flagd-core';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { Registry } from 'prom-client';
import { initialize } from 'unleash-client';
import { createDispatcher } from '../../../client/dispatcher.ts';
import { flagProvider } from '../../../client/flag-provider.ts';
import { flagdOptions } from '../../../client/provider.ts';
import { flagSet } from '../../../flags/definition.ts';
import { flagState } from '../../fixtures/flag-state.ts';
import { inTurns, over } from '../turns.ts';
import { answer } from './child.ts';
import { ENVIRONMENT } from './messages.ts';

/** 60,000 evaluations of each way, in small turns; the first ones compile the code. */
const TURNS = { rounds: 300, calls: 200, warmUp: 50 };
const PERCENTS = [0.01, 1, 5, 25, 50, 100];

type Evaluate = (key: string) => unknown;

/** The same split, in Unleash's own terms, from a bootstrap instead of a server. */
async function unleash(): Promise<{ evaluate: Evaluate; stop: () => void }> {
  const strategy = {
    name: 'flexibleRollout',
    constraints: [],
    parameters: { rollout: '25', stickiness: 'userId', groupId: '0-watched' },
  };
  const feature = {
    name: '0-watched',
    type: 'release',
    enabled: true,
    stale: false,
    strategies: [strategy],
    impressionData: false,
    project: 'default',
    variants: [],
  };
  const client = initialize({
    url: 'http://127.0.0.1:9/api',
    appName: 'bench',
    customHeaders: {},
    disableMetrics: true,
    refreshInterval: 0,
    bootstrap: { data: [feature] },
  });
  client.on('error', () => undefined).on('warn', () => undefined);
  await new Promise<void>((resolve) => client.once('ready', () => resolve()));
  return { evaluate: (userId) => client.isEnabled('0-watched', { userId }), stop: () => client.destroy() };
}

answer({
  'evaluation.run': async ({ port, states, file }) => {
    const text = JSON.stringify(flagSet(ENVIRONMENT, states, {}));
    await writeFile(file, text);
    const core = new FlagdCore();
    core.setConfigurations(text);
    const parsed = JSON.parse(text) as { flags: Record<string, { variants: object }> };
    const follows = { addresses: [`127.0.0.1:${port}`], environment: ENVIRONMENT };
    await OpenFeature.setProviderAndWait('bare', new FlagdProvider(flagdOptions(follows)));
    await OpenFeature.setProviderAndWait('live', flagProvider(follows));
    const offline = { resolverType: 'in-process', offlineFlagSourcePath: file } as const;
    await OpenFeature.setProviderAndWait('file', new FlagdProvider(offline));
    const [bare, live, fromFile, rival] = [
      OpenFeature.getClient('bare'),
      OpenFeature.getClient('live'),
      OpenFeature.getClient('file'),
      await unleash(),
    ];
    const dispatcher = createDispatcher({ service: 'bench', client: live, registry: new Registry() });
    const flag = '0-watched';
    const baseline = () => false;
    const canary = () => true;
    const ways: [string, Evaluate][] = [
      [
        'OpenFeature SDK + flagd provider, following Tidegate',
        (key) => bare.getBooleanValue(flag, false, { targetingKey: key }),
      ],
      [
        'OpenFeature SDK + flagProvider, following Tidegate',
        (key) => live.getBooleanValue(flag, false, { targetingKey: key }),
      ],
      [
        'OpenFeature SDK + flagProvider + dispatcher, following Tidegate',
        (key) => dispatcher.run({ flag, context: { targetingKey: key }, baseline, canary }),
      ],
      [
        'OpenFeature SDK + flagd provider, on a downloaded file',
        (key) => fromFile.getBooleanValue(flag, false, { targetingKey: key }),
      ],
      ['flagd-core alone', (key) => core.resolveBooleanEvaluation(flag, false, { targetingKey: key })],
      ['unleash-client', rival.evaluate],
      ['the raw file: a look-up without any targeting', () => parsed.flags[flag]?.variants],
    ];
    const byCall = (evaluate: Evaluate) => (call: number) => evaluate(`u${call}`);
    const turning = Object.fromEntries(ways.map(([name, evaluate]) => [name, byCall(evaluate)]));
    const turns = await inTurns(turning, { ...TURNS, each: true });
    rival.stop();
    await dispatcher.close();
    await OpenFeature.close();
    const base = turns.get(ways[0]?.[0] ?? '') ?? [];
    return [...turns].map(([name, own]) => ({
      name,
      times: own.flatMap(({ each }) => each),
      over: over(own, base),
    }));
  },

  'cohorts.run': async ({ keys }) => {
    let before = new Uint8Array(keys);
    const results: { percent: number; share: number; lost: number }[] = [];
    for (const percent of PERCENTS) {
      const core = new FlagdCore();
      core.setConfigurations(
        JSON.stringify(
          flagSet(ENVIRONMENT, [flagState(percent, 1, { environment: ENVIRONMENT, key: 'cohort' })], {}),
        ),
      );
      const now = new Uint8Array(keys);
      let [count, lost] = [0, 0];
      for (let key = 0; key < keys; key += 1) {
        const on = core.resolveBooleanEvaluation('cohort', false, { targetingKey: `user-${key}` }).value;
        now[key] = on ? 1 : 0;
        count += on ? 1 : 0;
        lost += before[key] === 1 && !on ? 1 : 0;
      }
      results.push({ percent, share: (100 * count) / keys, lost });
      before = now;
    }
    return results;
  },
});
