import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RunningPostgres, startPostgres } from '../app/embedded/postgres.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { type FlagReader, startFlagReader } from '../test/fixtures/flag-reader.ts';
import { createEmbeddedProvider } from './embedded.ts';
import { openLatches } from './latches.ts';
import { type FlagService, startFlagService } from './service.ts';
import { type SyncServer, startSync } from './sync.ts';

const log = { info: () => undefined, warn: () => undefined };
const silent = () => undefined;
const soon = { timeout: 30_000, interval: 5 };
const target = { environment: 'production', key: 'pricing-v2' };
const shape = { variants: { on: true, off: false }, baseline: 'off', canary: 'on', stickiness: 'userId' };

let dir: string;
let postgres: RunningPostgres;
let database: Database;
let service: FlagService;
let sync: SyncServer;
let application: FlagReader;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-outage-'));
  // As root, PostgreSQL runs as another account, which must get in.
  await chmod(dir, 0o711);
  postgres = await startPostgres({ dataDir: join(dir, 'postgres'), persistent: true, log: silent });
  await migrate(postgres.url);
  database = openDatabase(postgres.url);
  const flagStore = createFlagStore(database);
  const dataDir = join(dir, 'data');
  service = await startFlagService({ flagStore, databaseUrl: postgres.url, dataDir, segments: {}, log });
  sync = await startSync({ service, host: '127.0.0.1', port: 0 });
  await flagStore.claim(target, shape, 'r-1');
  await flagStore.write({
    ...target,
    rolloutId: 'r-1',
    epoch: 1,
    exposure: { ...NO_EXPOSURE, percent: 25 },
    direction: 'raise',
    expectedRevision: null,
    author: 'r-1',
    reason: 'stage 25%',
  });
  application = await startFlagReader({
    addresses: [`127.0.0.1:${sync.port}`],
    environment: target.environment,
    flag: target.key,
  });
});

afterAll(async () => {
  await application.stop();
  await sync.stop();
  await service.stop();
  await database.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

test('an application keeps its flags while PostgreSQL is stopped, and a kill reaches it within a second and stays', async () => {
  await vi.waitFor(() => expect(Math.abs((application.share() ?? 0) - 25)).toBeLessThan(8), soon);
  const { port } = postgres;
  await postgres.child.stop();
  await vi.waitFor(() => expect(service.status().following).toBe(false), soon);
  expect(Math.abs((application.share() ?? 0) - 25)).toBeLessThan(8);

  // As `tidegate kill --direct` does it: another process on the same folder, with no flag service of its own.
  const flagStore = createFlagStore(database);
  const dataDir = join(dir, 'data');
  const direct = createEmbeddedProvider({ flagStore, latches: openLatches(dataDir), dataDir });
  const began = Date.now();
  const reading = await direct.kill(target, null, {
    by: 'eve',
    reason: 'errors',
    at: new Date().toISOString(),
  });
  expect(reading).toMatchObject({ offline: true, exposure: NO_EXPOSURE });
  await vi.waitFor(() => expect(application.share()).toBe(0), { timeout: 1000, interval: 5 });
  console.log(
    `kill without PostgreSQL to exposure 0 in the application: ${(application.seen.at(-1)?.at ?? 0) - began} ms`,
  );

  postgres = await startPostgres({ dataDir: join(dir, 'postgres'), port, persistent: true, log: silent });
  await vi.waitFor(async () => {
    expect(await flagStore.read(target)).toMatchObject({
      exposure: NO_EXPOSURE,
      latch: { by: 'eve', reason: 'errors' },
    });
    expect(service.status()).toEqual({ source: 'postgres', following: true, latched: [] });
  }, soon);
  expect(application.seen.map(({ share }) => share === 0)).toEqual([false, true]);
});
