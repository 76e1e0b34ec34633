import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Exposure } from '../plans/exposure.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import type { FlagStore } from '../store/flag-contract.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { type FlagReader, startFlagReader } from '../test/fixtures/flag-reader.ts';
import { createEmbeddedProvider } from './embedded.ts';
import { evaluateOne } from './ofrep.ts';
import type { FlagProvider } from './provider.ts';
import { type FlagService, startFlagService } from './service.ts';
import { type SyncServer, startSync } from './sync.ts';

const target = { environment: 'production', key: 'pricing-v2' };
const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const shape = {
  variants: { on: true, off: false },
  baseline: 'off',
  canary: 'on',
  stickiness: 'targetingKey',
};
const log = { info: () => undefined, warn: () => undefined };

let server: TestDatabase;
let database: Database;
let store: FlagStore;
let dataDir: string;
let service: FlagService;
let sync: SyncServer;
let provider: FlagProvider;
let reader: FlagReader | null;
let stopped: boolean;

beforeEach(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url);
  store = createFlagStore(database);
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-lease-'));
  service = await startFlagService({ flagStore: store, databaseUrl: server.url, dataDir, segments: {}, log });
  sync = await startSync({ service, host: '127.0.0.1', port: 0 });
  provider = createEmbeddedProvider({ flagStore: store, latches: service.latches, dataDir, service });
  reader = null;
  stopped = false;
  await provider.claim(target, shape, 'r-1');
});

afterEach(async () => {
  await reader?.stop();
  await stopAll();
  await server.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function stopAll(): Promise<void> {
  if (stopped) return;
  stopped = true;
  await sync.stop();
  await service.stop();
  await database.close();
}

function raise(percent: number, fallback: number, seconds: number) {
  return provider.write({
    ...target,
    rolloutId: 'r-1',
    epoch: 1,
    exposure: to(percent),
    lease: { seconds, fallback: to(fallback) },
    direction: 'raise',
    expectedRevision: null,
    author: 'r-1',
    reason: 'stage',
  });
}

const renew = (seconds: number, fallback: number) =>
  provider.renew?.(target, {
    rolloutId: 'r-1',
    epoch: 1,
    revision: 2,
    terms: { seconds, fallback: to(fallback) },
  });

async function read(): Promise<FlagReader> {
  const addresses = [`127.0.0.1:${sync.port}`];
  reader = await startFlagReader({ addresses, environment: 'production', flag: 'pricing-v2' });
  return reader;
}

it.each([
  [100, 25],
  [25, 0],
])(
  'an application falls back from %d to %d percent by itself once nobody of ours is left',
  async (present, fallback) => {
    await raise(present, fallback, 6);
    const until = (await store.read(target))?.lease?.until ?? 0;
    const app = await read();
    await expect.poll(() => Math.abs((app.share() ?? 0) - present) < 6, { timeout: 5_000 }).toBe(true);
    await stopAll();
    await expect.poll(() => Math.abs((app.share() ?? 100) - fallback) < 6, { timeout: 15_000 }).toBe(true);
    const fell = app.seen.at(-1)?.at ?? 0;
    // Evaluators know the time in whole seconds.
    expect(fell).toBeGreaterThanOrEqual(until - 1_000);
    expect(
      app.seen
        .filter(({ at }) => at < until - 1_000)
        .every(({ share }) => share === 0 || Math.abs(share - present) < 6),
    ).toBe(true);
  },
);

it('a renewed lease reaches applications and other services, and holds the exposure up past its first end', async () => {
  const other = await startFlagService({
    flagStore: store,
    databaseUrl: server.url,
    dataDir: join(dataDir, 'other'),
    segments: {},
    log,
  });
  const app = await read();
  await raise(25, 0, 8);
  const first = (await store.read(target))?.lease?.until ?? 0;
  await expect.poll(() => app.share() ?? 0, { timeout: 5_000 }).toBeGreaterThan(15);
  expect(await renew(3_600, 0)).toBe(true);
  const held = () => other.definition(target)?.lease?.until ?? 0;
  await expect.poll(held).toBeGreaterThan(first + 3_000_000);
  await other.stop();
  await expect.poll(() => Date.now(), { timeout: 20_000 }).toBeGreaterThan(first + 1_100);
  expect(app.share()).toBeGreaterThan(15);
  expect(app.seen.every(({ share }) => share === 0 || share > 15)).toBe(true);
  expect((await store.read(target))?.revision).toBe(2);
});

it('OFREP says the same as the application, before the end and after it', async () => {
  await raise(100, 0, 8);
  const value = () =>
    evaluateOne(service, {
      flagSet: null,
      environment: 'production',
      key: 'pricing-v2',
      body: JSON.stringify({ context: { targetingKey: 'ann' } }),
    }).body;
  await expect.poll(value).toMatchObject({ value: true, variant: 'on' });
  await expect.poll(value, { timeout: 20_000 }).toMatchObject({ value: false, variant: 'off' });
});

it('an emergency latch under a lease stays where it has lowered the flag to', async () => {
  await raise(25, 5, 2);
  await expect.poll(() => service.definition(target)?.exposure).toEqual(to(25));
  const order = {
    id: 'x',
    kind: 'lower' as const,
    ...target,
    exposure: to(0),
    by: 'gate',
    reason: 'bad',
    at: '',
  };
  service.impose({ ...order, rolloutId: 'r-1', epoch: 1 });
  expect(service.flags('production')).toMatchObject([{ exposure: to(0), lease: null }]);
  expect(service.document('production').text).not.toContain('$flagd.timestamp');
});
