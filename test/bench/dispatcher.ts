import { parseArgs } from 'node:util';
import { OpenFeature } from '@openfeature/server-sdk';
import { Registry } from 'prom-client';
import { createDispatcher } from '../../client/dispatcher.ts';
import { flagProvider } from '../../client/flag-provider.ts';
import { flagAt, startSyncServer } from '../fixtures/sync-server.ts';

/** What the dispatcher may take over what the SDK takes, in microseconds (median of the rounds' differences). */
const ALLOWED_US = 5;

/**
 * The price of a choke point: evaluating a flag through OpenFeature's SDK and `flagProvider` and branching by hand,
 * against the same through the dispatcher, which also counts, times and knows users. Both in turns, in the same run;
 * small turns, so that both meet the same machine.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '300' },
      requests: { type: 'string', default: '500' },
      json: { type: 'boolean', default: false },
    },
  });
  const [rounds, requests] = [whole('--rounds', values.rounds), whole('--requests', values.requests)];
  const server = await startSyncServer({ 'pricing-v2': flagAt(25) });
  const addresses = [`127.0.0.1:${server.port}`];
  const provider = flagProvider({ addresses, environment: 'production' });
  await OpenFeature.setProviderAndWait(provider);
  const client = OpenFeature.getClient();
  const dispatcher = createDispatcher({ service: 'bench', client, registry: new Registry() });
  const flag = 'pricing-v2';
  const baseline = () => 'old';
  const canary = () => 'new';
  const context = (i: number) => ({ targetingKey: `user-${i % 10_000}` });

  const byHand = async (i: number) => {
    const { value } = await client.getBooleanDetails(flag, false, context(i));
    return value ? canary() : baseline();
  };
  const ways: Record<string, (i: number) => Promise<string>> = {
    sdk: byHand,
    dispatcher: (i) =>
      dispatcher.run({ flag, context: context(i), baseline, canary, endpoint: 'GET /products' }),
    'with a time limit and fallback': (i) =>
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
  const names = Object.keys(ways);
  const took = new Map<string, number[]>(names.map((name) => [name, []]));
  // The first rounds compile the code.
  for (let round = -30; round < rounds; round++) {
    // Each goes first as often as the others: what runs first after a collection is faster.
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + names.length * 30) % names.length] ?? '';
      const us = await perRequest(ways[name] ?? byHand, requests);
      if (round >= 0) took.get(name)?.push(us);
    }
  }
  const sdk = took.get('sdk') ?? [];
  const lines = names.map((name) => {
    const own = took.get(name) ?? [];
    return { name, us: median(own), over: median(own.map((us, round) => us - (sdk[round] ?? 0))) };
  });
  if (values.json) console.log(JSON.stringify(lines));
  else for (const { name, us, over } of lines) console.log(row(name, us, over));
  await dispatcher.close();
  await OpenFeature.close();
  server.stop();
  const over = lines[1]?.over ?? Number.POSITIVE_INFINITY;
  if (over > ALLOWED_US) {
    console.error(`The dispatcher takes ${over.toFixed(1)} us over the SDK; ${ALLOWED_US} us are allowed.`);
    process.exitCode = 1;
  }
}

async function perRequest(way: (i: number) => Promise<string>, requests: number): Promise<number> {
  // Time of this process alone: what else the machine does is not the dispatcher's.
  const began = process.cpuUsage();
  for (let i = 0; i < requests; i++) await way(i);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / requests;
}

function row(name: string, ...[us, over]: [number, number]): string {
  return `${name.padEnd(32)} ${us.toFixed(2).padStart(7)} us   ${over >= 0 ? '+' : ''}${over.toFixed(2)} us over the SDK`;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function whole(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} is a whole number from 1.`);
  return number;
}

await main();
