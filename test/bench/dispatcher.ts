import { parseArgs } from 'node:util';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { Registry } from 'prom-client';
import { createDispatcher } from '../../client/dispatcher.ts';
import { flagProvider } from '../../client/flag-provider.ts';
import { flagdOptions } from '../../client/provider.ts';
import { flagAt, startSyncServer } from '../fixtures/sync-server.ts';
import { missedBy } from './flags/targets.ts';
import { inTurns, median, over, type Turn, type Way } from './turns.ts';

const BASE = 'SDK, flagd provider';
const JUDGED = ['dispatcher, flagProvider', 'with a time limit and fallback'] as const;

/**
 * The price of a choke point: evaluating a flag through OpenFeature's SDK with flagd's own provider and branching by hand, against the
 * same with `flagProvider`, and through the dispatcher, which also counts, times and knows users. All follow the same server,
 * in the same run and in turns.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '300' },
      requests: { type: 'string', default: '500' },
      json: { type: 'boolean', default: false },
    },
  });
  const [rounds, calls] = [whole('--rounds', values.rounds), whole('--requests', values.requests)];
  const server = await startSyncServer({ 'pricing-v2': flagAt(25) });
  const follows = { addresses: [`127.0.0.1:${server.port}`], environment: 'production' };
  await OpenFeature.setProviderAndWait('bare', new FlagdProvider(flagdOptions(follows)));
  await OpenFeature.setProviderAndWait('ours', flagProvider(follows));
  const [bare, client] = [OpenFeature.getClient('bare'), OpenFeature.getClient('ours')];
  const dispatcher = createDispatcher({ service: 'bench', client, registry: new Registry() });
  const flag = 'pricing-v2';
  const baseline = () => 'old';
  const canary = () => 'new';
  const context = (i: number) => ({ targetingKey: `user-${i % 10_000}` });
  const byHand = (of: typeof client) => async (i: number) => {
    const { value } = await of.getBooleanDetails(flag, false, context(i));
    return value ? canary() : baseline();
  };
  const ways: Record<string, Way> = {
    [BASE]: byHand(bare),
    'SDK, flagProvider': byHand(client),
    [JUDGED[0]]: (i) =>
      dispatcher.run({ flag, context: context(i), baseline, canary, endpoint: 'GET /products' }),
    [JUDGED[1]]: (i) =>
      dispatcher.run({
        flag,
        context: context(i),
        baseline,
        canary: async () => 'new',
        endpoint: 'GET /products',
        timeoutMs: 1_000,
        fallback: 'safe',
      }),
  };
  const turns = await inTurns(ways, { rounds, calls, warmUp: 30 });
  const base = turns.get(BASE) ?? [];
  const lines = [...turns].map(([name, own]) => ({
    name,
    us: median(own.map(({ cpu }: Turn) => cpu)),
    over: over(own, base),
  }));
  if (values.json) console.log(JSON.stringify(lines));
  else for (const { name, us, over } of lines) console.log(row(name, us, over));
  await dispatcher.close();
  await OpenFeature.close();
  server.stop();
  for (const judged of JUDGED) {
    const line = missedBy(judged, lines.find(({ name }) => name === judged)?.over ?? Number.NaN);
    if (line === null) continue;
    console.error(`missed: ${line}`);
    process.exitCode = 1;
  }
}

function row(name: string, ...[us, over]: [number, number]): string {
  return `${name.padEnd(32)} ${us.toFixed(2).padStart(7)} us   ${over >= 0 ? '+' : ''}${over.toFixed(2)} us over the SDK with flagd's provider`;
}

function whole(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} is a whole number from 1.`);
  return number;
}

await main();
