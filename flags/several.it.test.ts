import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { flagdOptions } from '../client/provider.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { openDatabase } from '../store/connection.ts';
import type { FlagStore } from '../store/flag-contract.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createDatabase } from '../test/fixtures/database.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { startWire, type Wire } from '../test/fixtures/wire.ts';
import { type FlagService, startFlagService } from './service.ts';
import { type SyncServer, startSync } from './sync.ts';

const log = { info: () => undefined, warn: () => undefined };
const quiet = { ...log, error: () => undefined, debug: () => undefined };
const soon = { timeout: 10_000, interval: 5 };
const target = { environment: 'production', key: 'pricing-v2' };

/** A server on a machine of its own: its own folder, its own line to PostgreSQL. */
interface Instance {
  flagStore: FlagStore;
  service: FlagService;
  sync: SyncServer;
  wire: Wire;
  dataDir: string;
}

let ends: (() => unknown)[];
let postgresUrl: string;

beforeEach(async () => {
  ends = [];
  const postgres = await createDatabase();
  postgresUrl = postgres.url;
  ends.push(() => postgres.drop());
  await migrate(postgresUrl);
});
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

async function start(dataDir?: string): Promise<Instance> {
  const url = new URL(postgresUrl);
  const wire = await startWire({ host: url.hostname, port: Number(url.port) });
  url.hostname = '127.0.0.1';
  url.port = String(wire.port);
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'tidegate-several-')));
  const database = openDatabase(url.href);
  const flagStore = createFlagStore(database);
  const options = { flagStore, databaseUrl: url.href, dataDir: folder, segments: {}, log, pollMs: 3_600_000 };
  const service = await startFlagService(options);
  const sync = await startSync({ service, host: '127.0.0.1', port: 0 });
  ends.push(async () => {
    await sync.stop();
    await service.stop();
    await database.close();
    await wire.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { flagStore, service, sync, wire, dataDir: folder };
}

async function follow({ sync }: Instance): Promise<() => Promise<boolean>> {
  const addresses = [`127.0.0.1:${sync.port}`];
  const provider = new FlagdProvider(flagdOptions({ addresses, environment: 'production' }), quiet);
  await provider.initialize();
  ends.push(() => provider.onClose());
  return async () => {
    const context = { targetingKey: 'u' };
    return (await provider.resolveBooleanEvaluation('pricing-v2', false, context, quiet)).value;
  };
}

const expose = (from: Instance, percent: number) =>
  from.flagStore.set(target, { ...NO_EXPOSURE, percent }, 'test', 'test');

test('a write on one server reaches the clients of the others, also those that had lost PostgreSQL', async () => {
  const [one, two] = [await start(), await start()];
  await one.flagStore.claim(target, flagState(0, 0).shape, 'r-1');
  const value = await follow(two);
  await vi.waitFor(async () => expect(two.service.definition(target)).not.toBeNull(), soon);

  await expose(one, 100);
  await vi.waitFor(async () => expect(await value()).toBe(true), soon);

  await two.wire.cut();
  await vi.waitFor(() => expect(two.service.status().following).toBe(false), soon);
  await expose(one, 0);
  // Cut off, it goes on with what it has: the poll is an hour away, so only the line that comes back can tell it.
  await vi.waitFor(() => expect(one.service.definition(target)?.exposure.percent).toBe(0), soon);
  expect(await value()).toBe(true);

  await two.wire.mend();
  await vi.waitFor(async () => expect(await value()).toBe(false), soon);
  await expose(one, 100);
  await vi.waitFor(async () => expect(await value()).toBe(true), soon);
});

test('a server that starts without PostgreSQL serves what it delivered last, and follows again', async () => {
  const one = await start();
  await one.flagStore.claim(target, flagState(0, 0).shape, 'r-1');
  await expose(one, 100);
  const two = await start();
  await vi.waitFor(() => expect(two.service.definition(target)?.exposure.percent).toBe(100), soon);
  await two.service.stop();
  await two.wire.cut();
  const url = new URL(postgresUrl);
  url.hostname = '127.0.0.1';
  url.port = String(two.wire.port);
  const database = openDatabase(url.href);
  const service = await startFlagService({
    flagStore: createFlagStore(database),
    databaseUrl: url.href,
    dataDir: two.dataDir,
    segments: {},
    log,
  });
  const sync = await startSync({ service, host: '127.0.0.1', port: 0 });
  ends.push(async () => {
    await sync.stop();
    await service.stop();
    await database.close();
  });
  expect(service.status()).toMatchObject({ source: 'disk', following: false });
  const value = await follow({ ...two, sync });
  expect(await value()).toBe(true);
  await expose(one, 0);
  await two.wire.mend();
  await vi.waitFor(async () => expect(await value()).toBe(false), soon);
});
