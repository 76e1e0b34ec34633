import { parseArgs } from 'node:util';
import type { Listening } from './http.ts';
import { startHere, startLoadPage } from './parts.ts';

const USAGE = `One process of the example shop.

  --role front|baseline|canary|load
  --port N            default: a free one
  --seed N            default: 1
  front:  --baseline URL --canary URL --flagd HOST:PORT[,HOST:PORT] --environment NAME
  load:   --fronts URL,URL [--rate N (300)] [--for SECONDS] [--requests N]
`;

const OPTIONS = {
  role: { type: 'string' },
  port: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  baseline: { type: 'string' },
  canary: { type: 'string' },
  flagd: { type: 'string', default: '127.0.0.1:8015' },
  environment: { type: 'string', default: 'production' },
  fronts: { type: 'string' },
  rate: { type: 'string' },
  for: { type: 'string' },
  requests: { type: 'string' },
} as const;

type Values = ReturnType<typeof read>;

function read() {
  return parseArgs({ options: OPTIONS }).values;
}

async function start(values: Values): Promise<Listening> {
  const port = number('port', values.port);
  const seed = number('seed', values.seed);
  switch (values.role) {
    case 'baseline':
    case 'canary':
      return startHere({ role: values.role, port, seed });
    case 'front': {
      const flagd = { addresses: values.flagd.split(','), environment: values.environment };
      return startHere({
        role: 'front',
        port,
        flagd,
        baseline: url('baseline', values),
        canary: url('canary', values),
      });
    }
    case 'load': {
      const load = await startLoadPage(
        { fronts: url('fronts', values).split(','), seed, ...limits(values) },
        port,
      );
      // The one thing that a load says; its process ends with it.
      void load.done.then((status) =>
        process.stdout.write(`${JSON.stringify(status)}\n`, () => process.exit(0)),
      );
      return load;
    }
    default:
      throw new TypeError('--role is front, baseline, canary or load.');
  }
}

function limits({ rate, for: seconds, requests }: Values) {
  return {
    ...(rate === undefined ? {} : { rate: number('rate', rate) }),
    ...(seconds === undefined ? {} : { seconds: number('for', seconds) }),
    ...(requests === undefined ? {} : { requests: number('requests', requests) }),
  };
}

function url(name: 'baseline' | 'canary' | 'fronts', values: Values): string {
  const value = values[name];
  if (value === undefined) throw new TypeError(`--${name} is missing.`);
  return value;
}

function number(name: string, value: string): number {
  const parsed = Number(value.replace(/s$/, ''));
  if (!(parsed >= 0)) throw new TypeError(`--${name} is a number, not ${value}.`);
  return parsed;
}

async function main(): Promise<void> {
  const part = await start(read());
  const stop = () => {
    // A request that never ends must not keep the process.
    setTimeout(() => process.exit(0), 2_000).unref();
    void part.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Started by another process: end with it, also when it was killed.
  process.once('disconnect', stop);
  process.send?.({ url: part.url, port: part.port });
}

main().catch((error: unknown) => {
  const usage = error instanceof TypeError ? `\n\n${USAGE}` : '\n';
  process.stderr.write(`shop: ${error instanceof Error ? error.message : String(error)}${usage}`);
  process.exit(error instanceof TypeError ? 2 : 1);
});
