import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { type Agent, get, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../app/embedded/postgres.ts';
import { openDatabase } from '../../store/connection.ts';
import { migrate } from '../../store/migrate.ts';
import { createRolloutStore } from '../../store/rollouts.ts';
import { startApiServer } from '../fixtures/api-server.ts';
import { exampleView } from '../fixtures/rollout-view.ts';
import { cpuOfGroup } from './api/processor.ts';
import { fill, line } from './api/rows.ts';

/**
 * The API with many rollouts stored: list and show at a steady rate, and how soon those who follow hear of a step. Who asks, the
 * server and PostgreSQL are processes of their own. Beside the times stand what each request takes of the server's and of PostgreSQL's
 * processor, which other work on the machine does not change much, and how late who asks was itself. All of it ends
 * by itself within five minutes.
 */
const { values } = parseArgs({
  options: {
    rollouts: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '15' },
    streams: { type: 'string', default: '500' },
    steps: { type: 'string', default: '40' },
    serve: { type: 'string' },
  },
});
const LIMIT_MS = 300_000;
const WANTED_MS = 50;

if (values.serve !== undefined) {
  const server = await startApiServer({ databaseUrl: values.serve, direct: true });
  process.send?.({ url: server.url, token: server.token });
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.once('disconnect', () => void server.close().then(() => process.exit(0)));
} else {
  const cleanUp: (() => Promise<unknown> | void)[] = [];
  let ending = false;
  const end = async (error: unknown): Promise<void> => {
    // Whoever still asks while the server is stopped fails with ECONNRESET: that is not why it ended.
    if (ending) return;
    ending = true;
    if (error !== null) console.error(error);
    for (const one of cleanUp.toReversed()) {
      try {
        await one();
      } catch (failure) {
        console.error(failure);
      }
    }
    process.exit(error === null ? (process.exitCode ?? 0) : 1);
  };
  setTimeout(() => void end(new Error(`not done after ${LIMIT_MS / 1000} s`)), LIMIT_MS).unref();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void end(new Error(signal)));
  await bench(cleanUp, end).then(() => end(null), end);
}

interface Served {
  url: string;
  token: string;
}

async function bench(
  cleanUp: (() => Promise<unknown> | void)[],
  end: (error: unknown) => Promise<void>,
): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'tidegate-bench-api-'));
  cleanUp.push(() => rm(data, { recursive: true, force: true }));
  // As root, PostgreSQL runs as another account, which must get in.
  await chmod(data, 0o711);
  const postgres = await startPostgres({
    dataDir: join(data, 'postgres'),
    persistent: true,
    log: () => undefined,
  });
  cleanUp.push(() => postgres.stop());
  await migrate(postgres.url);
  const count = Number(values.rollouts);
  await fill(postgres.url, count);
  const child = fork(fileURLToPath(import.meta.url), ['--serve', postgres.url]);
  cleanUp.push(() => stopped(child));
  child.once('exit', (code, signal) => void end(new Error(`the server has ended: ${signal ?? code}`)));
  const [served] = (await once(child, 'message')) as [Served];
  const pages: Record<string, (i: number) => string> = {
    'list, 50 of all': () => '/rollouts?limit=50',
    'list, active': () => '/rollouts?limit=50&phase=active',
    'list, by words': (i) => `/rollouts?limit=50&q=flag-${i % count}`,
    counts: () => '/rollouts/counts',
    show: (i) => `/rollouts/r${(i * 7919) % count}-1`,
  };
  console.log(`${count} rollouts stored, ${values.rate} requests/s for ${values.seconds} s each`);
  for (const [name, path] of Object.entries(pages)) {
    // New for each: a connection that idles while others are asked for is closed by the server in its time.
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 64 });
    await steady(served, agent, { path, rate: 50, seconds: 2 });
    const before = await cpu(child);
    const stored = await cpuOfGroup(postgres.pid);
    const own = monitorEventLoopDelay({ resolution: 1 });
    own.enable();
    const took = await steady(served, agent, {
      path,
      rate: Number(values.rate),
      seconds: Number(values.seconds),
    });
    own.disable();
    const after = await cpuOfGroup(postgres.pid);
    report(name, took, {
      server: ((await cpu(child)) - before) / took.length,
      postgres: stored === null || after === null ? null : (after - stored) / took.length,
      late: own.percentile(99) / 1e6,
    });
    agent.destroy();
  }
  await streams(served, postgres.url);
}

/** Processor time that the server has taken, in ms. */
async function cpu(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return (user + system) / 1000;
}

interface Cost {
  /** Milliseconds of processor time for each request. */
  server: number;
  postgres: number | null;
  /** How late the process that asks was itself (p99), ms. */
  late: number;
}

function report(name: string, took: number[], cost?: Cost): void {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const [half, most] = [at(0.5), at(0.99)];
  const each =
    cost === undefined
      ? ''
      : `; processor each: server ${cost.server.toFixed(2)} ms, PostgreSQL ${cost.postgres?.toFixed(2) ?? '?'} ms; asked ${cost.late.toFixed(1)} ms late`;
  console.log(
    `${name.padEnd(28)} p50 ${half.toFixed(1)} ms  p99 ${most.toFixed(1)} ms  (${sorted.length}${each})`,
  );
  if (most > WANTED_MS && !name.startsWith('a step')) process.exitCode = 1;
}

/** Requests begin by the clock, whether or not earlier ones are answered. */
async function steady(
  served: Served,
  agent: Agent,
  { path, rate, seconds }: { path: (i: number) => string; rate: number; seconds: number },
): Promise<number[]> {
  const began = performance.now();
  const took: Promise<number>[] = [];
  for (let i = 0; i < rate * seconds; i++) {
    const due = began + (i * 1000) / rate;
    const ahead = due - performance.now();
    if (ahead > 1) await sleep(ahead);
    took.push(
      ask(served, path(i), agent).then(async (response) => {
        response.resume();
        await once(response, 'end');
        if (response.statusCode !== 200) throw new Error(`${path(i)}: ${response.statusCode}`);
        return performance.now() - due;
      }),
    );
  }
  return Promise.all(took);
}

function ask({ url, token }: Served, path: string, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get(`${url}/api/v1${path}`, { headers, ...(agent === undefined ? {} : { agent }) }, resolve).on(
      'error',
      reject,
    );
  });
}

/** How long after the call that records a step each of the streams has it. */
async function streams(served: Served, databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl);
  const store = createRolloutStore(database);
  const agent = new HttpAgent({ maxSockets: Number.POSITIVE_INFINITY });
  const wanted = Number(values.streams);
  const took: number[] = [];
  const begun = new Map<string, number>();
  let ready = 0;
  const open = await Promise.all(
    Array.from({ length: wanted }, async () => {
      const response = await ask(served, '/events', agent);
      response.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('event: ready')) ready += 1;
        for (const [, mark] of text.matchAll(/"summary":"mark (\d+)"/g)) {
          const at = begun.get(mark ?? '');
          if (at !== undefined) took.push(performance.now() - at);
        }
      });
      return response;
    }),
  );
  while (ready < wanted) await sleep(20);
  const steps = Number(values.steps);
  for (let i = 0; i < steps; i++) {
    const view = { ...exampleView({ id: 'r0-1', name: 'r0', flag: 'flag-0' }), seq: 10 + i };
    begun.set(String(i), performance.now());
    await store.record({ entries: [line('r0-1', 10 + i, `mark ${i}`)], notifications: [], view });
    await sleep(100);
  }
  const deadline = performance.now() + 20_000;
  while (took.length < wanted * steps && performance.now() < deadline) await sleep(50);
  report(`a step, to ${wanted} streams`, took);
  if (took.length !== wanted * steps) {
    console.error(`${took.length} of ${wanted * steps} arrived`);
    process.exitCode = 1;
  }
  for (const response of open) response.destroy();
  await database.close();
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.disconnect();
  await once(child, 'exit');
}
