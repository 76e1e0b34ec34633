import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../app/embedded/postgres.ts';
import { NO_EXPOSURE } from '../../plans/exposure.ts';
import { openDatabase } from '../../store/connection.ts';
import type { FlagStore } from '../../store/flag-contract.ts';
import { createFlagStore } from '../../store/flags.ts';
import { migrate } from '../../store/migrate.ts';
import { type Helper, startHelper } from './flags/child.ts';
import { clock, ENVIRONMENT, quantile, WATCHED } from './flags/messages.ts';
import { missed, missedBy, missedMemory, missedRate, type Targeted } from './flags/targets.ts';

/**
 * Delivery of flags: how soon a change and a kill are seen by all who follow, what a server keeps, what OFREP costs at a
 * steady rate, what an evaluation costs beside others, and whether cohorts hold. Each part is a process of its own; all
 * of it ends by itself within five minutes.
 */
const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000' },
    flags: { type: 'string', default: '100' },
    changes: { type: 'string', default: '40' },
    kills: { type: 'string', default: '20' },
    writes: { type: 'string', default: '100' },
    hour: { type: 'string', default: '3600' },
    requests: { type: 'string', default: '500' },
    keys: { type: 'string', default: '1000000' },
  },
});
const LIMIT_MS = 300_000;
const shape = {
  variants: { on: true, off: false },
  baseline: 'off',
  canary: 'on',
  stickiness: 'targetingKey',
};
const watched = { environment: ENVIRONMENT, key: WATCHED };

const cleanUp: (() => Promise<unknown>)[] = [];
const tooLong = setTimeout(() => void end(new Error(`not done after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(new Error(signal)));
await run().then(() => end(null), end);

async function run(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'tidegate-bench-flags-'));
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
  const database = openDatabase(postgres.url);
  cleanUp.push(() => database.close());
  const store = createFlagStore(database);
  const keys = [WATCHED, ...Array.from({ length: Number(values.flags) - 1 }, (_, n) => `flag-${n + 1}`)];
  for (const key of keys) {
    await store.claim({ environment: ENVIRONMENT, key }, shape, `r-${key}`);
    await expose(store, key, 25);
  }
  const server = helper('server');
  const { sync, http } = await server.ask('server.start', { databaseUrl: postgres.url, dataDir: data });
  const readers = [helper('streams'), helper('streams')];
  const count = Math.ceil(Number(values.streams) / readers.length);
  await Promise.all(readers.map((reader) => reader.ask('streams.open', { port: sync, count })));
  console.log(`${count * readers.length} streams, ${keys.length} flags`);

  await changes(store, readers);
  await kills({ store, readers, keys });
  await hour({ store, server, keys });
  await requests(http);
  await Promise.all(readers.map((reader) => reader.stop()));
  const states = await store.list(ENVIRONMENT);
  const evaluation = helper('evaluation');
  for (const { name, times, over } of await evaluation.ask('evaluation.run', {
    port: sync,
    states,
    file: join(data, 'flags.json'),
  })) {
    print(`evaluation, ${name}`, times, 'us');
    if (!name.includes('flagProvider')) continue;
    console.log(`  ${over >= 0 ? '+' : ''}${over.toFixed(1)} us over flagd's own provider`);
    tell(missedBy(name, over));
  }
  await cohorts(evaluation);
}

function helper(name: string): Helper {
  const started = startHelper(name);
  cleanUp.push(() => started.stop());
  return started;
}

function expose(store: FlagStore, key: string, percent: number) {
  return store.set({ environment: ENVIRONMENT, key }, { ...NO_EXPOSURE, percent }, 'bench', 'bench');
}

/** Waits until all streams have this revision; milliseconds from `began` until each had it. */
async function seenBy(readers: readonly Helper[], revision: number, began: number): Promise<number[]> {
  const wanted = 2 * Math.ceil(Number(values.streams) / 2);
  for (;;) {
    const replies = await Promise.all(readers.map((reader) => reader.ask('streams.seen', { revision })));
    const times = replies.flatMap(({ times }) => times);
    if (times.length >= wanted) return times.map((at) => at - began);
    await sleep(50);
  }
}

async function changes(store: FlagStore, readers: readonly Helper[]): Promise<void> {
  const all: number[] = [];
  for (let turn = 0; turn < Number(values.changes); turn += 1) {
    const began = clock();
    const { revision } = await expose(store, WATCHED, turn % 2 === 0 ? 50 : 25);
    all.push(...(await seenBy(readers, revision, began)));
    await sleep(50);
  }
  print('a change, from the write to each stream', all, 'ms');
  judge('change', all);
}

async function kills({
  store,
  readers,
  keys,
}: {
  store: FlagStore;
  readers: readonly Helper[];
  keys: readonly string[];
}): Promise<void> {
  const writer = writeSteadily(store, keys.slice(1), Number(values.writes));
  const all: number[] = [];
  for (let turn = 0; turn < Number(values.kills); turn += 1) {
    const began = clock();
    const killed = await store.kill(watched, null, {
      by: 'bench',
      reason: 'bench',
      at: new Date().toISOString(),
    });
    all.push(...(await seenBy(readers, killed.revision, began)));
    await store.unlock(watched, 'bench', 'bench');
    await expose(store, WATCHED, 25);
    await sleep(200);
  }
  const rate = await writer.stop();
  print(`a kill, while ${rate.toFixed(0)} writes a second go on`, all, 'ms');
  judge('kill', all);
  tell(missedRate({ wanted: Number(values.writes), got: rate }));
}

/** Writes to other flags, so many a second; `stop` says how many it were. */
function writeSteadily(
  store: FlagStore,
  keys: readonly string[],
  perSecond: number,
): { stop(): Promise<number> } {
  let stopped = false;
  let written = 0;
  const began = clock();
  const work = (async () => {
    const running = new Set<Promise<void>>();
    for (let turn = 0; !stopped; turn += 1) {
      const wait = began + (turn * 1000) / perSecond - clock();
      if (wait > 1) await sleep(wait);
      const write = expose(store, keys[turn % keys.length] ?? '', 1 + ((turn * 7) % 97)).then(() => {
        written += 1;
        running.delete(write);
      });
      running.add(write);
      if (running.size >= 8) await Promise.race(running);
    }
    await Promise.all(running);
  })();
  return {
    async stop() {
      stopped = true;
      await work;
      return (1000 * written) / (clock() - began);
    },
  };
}

/** As many changes as an hour with one a second has, faster. */
async function hour({
  store,
  server,
  keys,
}: {
  store: FlagStore;
  server: Helper;
  keys: readonly string[];
}): Promise<void> {
  const before = await server.ask('server.memory', null);
  const began = clock();
  for (let done = 0; done < Number(values.hour); done += 8) {
    await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        expose(store, keys[1 + ((done + n) % (keys.length - 1))] ?? '', 1 + ((done + n) % 97)),
      ),
    );
  }
  const seconds = (clock() - began) / 1000;
  await sleep(500);
  const after = await server.ask('server.memory', null);
  console.log(
    `memory over ${values.hour} changes in ${seconds.toFixed(0)} s, ${after.streams} streams: heap ${before.heapMB.toFixed(0)} -> ${after.heapMB.toFixed(0)} MB, resident ${before.rssMB.toFixed(0)} -> ${after.rssMB.toFixed(0)} MB`,
  );
  tell(missedMemory({ before: before.heapMB, after: after.heapMB }));
}

async function requests(url: string): Promise<void> {
  const load = helper('requests');
  const perSecond = Number(values.requests);
  for (const etag of [false, true]) {
    await load.ask('requests.run', { url, perSecond, seconds: 2, etag });
    const { times, failed, statuses } = await load.ask('requests.run', { url, perSecond, seconds: 10, etag });
    const what = etag ? 'with an ETag that matches' : `of ${values.flags} flags`;
    print(
      `OFREP bulk ${what}, ${perSecond} a second (${JSON.stringify(statuses)}, ${failed} failed)`,
      times,
      'ms',
    );
    // An answer of another status is none of those that were asked for.
    const others = times.length - (statuses[etag ? '304' : '200'] ?? 0);
    judge(etag ? 'unchanged' : 'bulk', times, failed + others);
  }
  await load.stop();
}

async function cohorts(evaluation: Helper): Promise<void> {
  const keys = Number(values.keys);
  for (const { percent, share, lost } of await evaluation.ask('cohorts.run', { keys })) {
    const deviation = 100 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / keys);
    const off = deviation === 0 ? 0 : (share - percent) / deviation;
    console.log(
      `${keys} keys at ${percent} %: ${share.toFixed(4)} % (${off.toFixed(1)} standard deviations), ${lost} lost`,
    );
    if (lost > 0 || Math.abs(off) > 4 || (percent === 100 && share !== 100)) process.exitCode = 1;
  }
}

function judge(what: Targeted, times: readonly number[], failed = 0): void {
  tell(missed(what, { p99: quantile(times, 0.99), failed }));
}

/** A target that was missed ends the benchmark with 1. */
function tell(line: string | null): void {
  if (line === null) return;
  console.error(`missed: ${line}`);
  process.exitCode = 1;
}

function print(what: string, times: readonly number[], unit: 'ms' | 'us'): void {
  const figure = (share: number) => `${quantile(times, share).toFixed(1)} ${unit}`;
  console.log(`${what}: p50 ${figure(0.5)}, p99 ${figure(0.99)}, worst ${figure(1)} (${times.length})`);
}

async function end(error: unknown): Promise<void> {
  clearTimeout(tooLong);
  const steps = cleanUp.splice(0).toReversed();
  for (const step of steps) {
    try {
      await step();
    } catch (failure) {
      console.error(failure);
    }
  }
  if (error === null) return;
  console.error(error);
  process.exit(1);
}
