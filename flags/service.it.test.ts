import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import type { FlagStore } from '../store/flag-contract.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { startWire, type Wire } from '../test/fixtures/wire.ts';
import { createEmbeddedProvider } from './embedded.ts';
import { openLatches } from './latches.ts';
import type { FlagProvider, FlagShape } from './provider.ts';
import { type FlagService, startFlagService } from './service.ts';

const target = { environment: 'production', key: 'pricing-v2' };
const shape: FlagShape = {
  variants: { on: true, off: false },
  baseline: 'off',
  canary: 'on',
  stickiness: 'targetingKey',
};
const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const latch = { by: 'eve', reason: 'errors', at: '2026-01-01T00:00:00.000Z' };
const log = { info: () => undefined, warn: () => undefined };
const soon = { timeout: 10_000, interval: 2 };

let postgres: TestDatabase;
let wire: Wire;
let cuttable: Database;
let safe: Database;
/** Past the wire: PostgreSQL itself, which never goes away here. */
let truth: FlagStore;
let dataDir: string;
let services: FlagService[];

beforeEach(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  const url = new URL(postgres.url);
  wire = await startWire({ host: url.hostname, port: Number(url.port) });
  cuttable = openDatabase(throughWire());
  safe = openDatabase(postgres.url);
  truth = createFlagStore(safe);
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-flags-'));
  services = [];
  await truth.claim(target, shape, 'r-1');
  await move(25);
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await wire.close();
  await Promise.all([cuttable.close(), safe.close()]);
  await postgres.drop();
  await rm(dataDir, { recursive: true, force: true });
});

function throughWire(): string {
  const url = new URL(postgres.url);
  url.hostname = '127.0.0.1';
  url.port = String(wire.port);
  return url.href;
}

async function start(): Promise<FlagService> {
  const service = await startFlagService({
    flagStore: createFlagStore(cuttable),
    databaseUrl: throughWire(),
    dataDir,
    segments: {},
    log,
  });
  services.push(service);
  return service;
}

function provider(service?: FlagService): FlagProvider {
  const flagStore = createFlagStore(cuttable);
  return createEmbeddedProvider({
    flagStore,
    latches: openLatches(dataDir),
    dataDir,
    ...(service && { service }),
  });
}

async function move(percent: number): Promise<void> {
  const state = await truth.read(target);
  const direction = percent < (state?.exposure.percent ?? 0) ? 'lower' : 'raise';
  const result = await truth.write({
    ...target,
    rolloutId: 'r-1',
    epoch: state?.epoch ?? 0,
    exposure: to(percent),
    direction,
    expectedRevision: null,
    author: 'r-1',
    reason: 'test',
  });
  expect(result.kind).toBe('written');
}

const write = (percent: number, direction: 'raise' | 'lower') => ({
  ...target,
  rolloutId: 'r-1',
  epoch: 1,
  exposure: to(percent),
  direction,
  expectedRevision: null,
  author: 'r-1',
  reason: 'test',
});

function percentOf(service: FlagService): number | undefined {
  return service.flags('production').find(({ key }) => key === target.key)?.exposure.percent;
}

/** Every percent that the service has told its listeners. */
function history(service: FlagService): (number | undefined)[] {
  const seen = [percentOf(service)];
  service.subscribe(() => seen.push(percentOf(service)));
  return seen;
}

describe('a flag service', () => {
  test('serves what PostgreSQL has and follows a change within milliseconds', async () => {
    const service = await start();
    expect(percentOf(service)).toBe(25);
    expect(service.status()).toEqual({ source: 'postgres', following: true, latched: [] });
    await move(50);
    await vi.waitFor(() => expect(percentOf(service)).toBe(50), { timeout: 1000, interval: 2 });
  });

  test('goes on with the last definitions while PostgreSQL is away, and follows it when it is back', async () => {
    const service = await start();
    await wire.cut();
    await vi.waitFor(() => expect(service.status().following).toBe(false), soon);
    await move(50);
    expect(percentOf(service)).toBe(25);
    await wire.mend();
    await vi.waitFor(() => expect(percentOf(service)).toBe(50), soon);
    expect(service.status().following).toBe(true);
  });

  test('starts from the definitions on disk while PostgreSQL is away', async () => {
    await (await start()).stop();
    await wire.cut();
    const again = await start();
    expect(percentOf(again)).toBe(25);
    expect(again.status().source).toBe('disk');
    await move(50);
    await wire.mend();
    await vi.waitFor(() => expect(percentOf(again)).toBe(50), soon);
    expect(again.status().source).toBe('postgres');
  });

  test('with neither PostgreSQL nor a disk is not ready, and becomes it', async () => {
    await wire.cut();
    const service = await start();
    expect(service.ready()).toBe(false);
    await wire.mend();
    await vi.waitFor(() => expect(service.ready()).toBe(true), soon);
    expect(percentOf(service)).toBe(25);
  });

  test('never serves an older revision than it has served', async () => {
    const service = await start();
    const old = await truth.read(target);
    await move(50);
    await vi.waitFor(() => expect(percentOf(service)).toBe(50), soon);
    if (old !== null) service.accept(old);
    expect(percentOf(service)).toBe(50);
  });
});

describe('while PostgreSQL is away', () => {
  test('a kill from another process holds within 250 ms, is carried over once by whoever is first, and never flickers', async () => {
    const both = await Promise.all([start(), start()]);
    await wire.cut();
    const before = await truth.read(target);

    const reading = await provider().kill(target, null, latch);
    expect(reading).toMatchObject({
      exposure: NO_EXPOSURE,
      offline: true,
      revision: before?.revision,
      latch,
    });
    await vi.waitFor(() => expect(both.map(percentOf)).toEqual([0, 0]), { timeout: 250, interval: 2 });
    expect(await truth.read(target)).toEqual(before);

    const seen = both.map(history);
    await wire.mend();
    await vi.waitFor(async () => expect(await openLatches(dataDir).list()).toEqual([]), soon);
    await vi.waitFor(
      () => expect(both.map((service) => service.flags('production')[0]?.revision)).toEqual([3, 3]),
      soon,
    );
    expect(await truth.read(target)).toMatchObject({
      exposure: NO_EXPOSURE,
      latch,
      revision: (before?.revision ?? 0) + 1,
    });
    expect(seen.flat().every((percent) => percent === 0)).toBe(true);
  });

  test('a latch holds a flag at a service that starts later, from disk', async () => {
    await (await start()).stop();
    await wire.cut();
    await provider().kill(target, null, latch);
    const later = await start();
    expect(percentOf(later)).toBe(0);
    expect(later.status().latched).toEqual([target]);
  });

  test('a hard stop is written and served, and carried over as the rollout’s own write without a latch', async () => {
    const service = await start();
    await wire.cut();
    expect(await provider(service).write(write(0, 'lower'))).toEqual({ kind: 'written-offline', before: 2 });
    expect(percentOf(service)).toBe(0);
    const seen = history(service);
    await wire.mend();
    await vi.waitFor(async () => expect((await truth.read(target))?.exposure).toEqual(NO_EXPOSURE), soon);
    expect(await truth.read(target)).toMatchObject({ latch: null, rolloutId: 'r-1' });
    await vi.waitFor(() => expect(service.status().latched).toEqual([]), soon);
    expect(seen.every((percent) => percent === 0)).toBe(true);
  });

  test('a hard stop holds although its rollout no longer owns the flag when PostgreSQL is back: it becomes a kill', async () => {
    const service = await start();
    await wire.cut();
    await provider(service).write(write(0, 'lower'));
    await truth.release(target, 'r-1');
    const seen = history(service);
    await wire.mend();
    await vi.waitFor(async () => expect((await truth.read(target))?.latch?.by).toBe('r-1'), soon);
    await vi.waitFor(() => expect(service.status().latched).toEqual([]), soon);
    expect(await truth.read(target)).toMatchObject({ exposure: NO_EXPOSURE });
    expect(seen.every((percent) => percent === 0)).toBe(true);
  });

  test('nothing is raised', async () => {
    const service = await start();
    await wire.cut();
    await expect(provider(service).write(write(50, 'raise'))).rejects.toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
    });
    expect(percentOf(service)).toBe(25);
  });

  test('a lowering order never gives more than the flag has', async () => {
    const service = await start();
    await wire.cut();
    await provider(service).write(write(50, 'lower'));
    expect(percentOf(service)).toBe(25);
  });

  test('a kill of a flag that nobody has delivered says so and leaves nothing behind', async () => {
    await (await start()).stop();
    await wire.cut();
    await expect(provider().kill({ ...target, key: 'typo' }, null, latch)).rejects.toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
      message: expect.stringContaining('nothing was stopped'),
    });
    expect(await openLatches(dataDir).list()).toEqual([]);
  });
});

test('a kill is served at once while PostgreSQL hangs, and answered within two seconds', async () => {
  const service = await start();
  wire.hang();
  const began = performance.now();
  const killing = provider(service).kill(target, null, latch);
  expect(percentOf(service)).toBe(0);
  expect(await killing).toMatchObject({ offline: true, exposure: NO_EXPOSURE });
  expect(performance.now() - began).toBeLessThan(2000);
  await wire.mend();
  await vi.waitFor(async () => expect((await truth.read(target))?.latch).toEqual(latch), {
    ...soon,
    timeout: 30_000,
  });
  expect(percentOf(service)).toBe(0);
});

test('a kill with PostgreSQL there is a revision with a latch, served at once, and leaves no file', async () => {
  const service = await start();
  const reading = await provider(service).kill(target, null, latch);
  expect(reading).toMatchObject({ exposure: NO_EXPOSURE, revision: 3, latch });
  expect(reading).not.toHaveProperty('offline');
  expect(percentOf(service)).toBe(0);
  expect(await openLatches(dataDir).list()).toEqual([]);
});

test('an unlocked flag is not locked again by a kill that was carried over before', async () => {
  const services = await Promise.all([start(), start()]);
  await wire.cut();
  await provider().kill(target, null, latch);
  await wire.mend();
  const reading = await vi.waitFor(() => provider(services[0]).unlock(target, 'bob', 'mended'), soon);
  expect(reading.latch).toBeNull();
  await vi.waitFor(() => {
    for (const service of services)
      expect(service.flags('production')[0]).toMatchObject({ revision: 4, latch: null });
  }, soon);
  expect(await truth.read(target)).toMatchObject({ latch: null, revision: 4 });
});

test('a kill of an unknown flag is refused and leaves nothing behind', async () => {
  const service = await start();
  await expect(provider(service).kill({ ...target, key: 'typo' }, null, latch)).rejects.toMatchObject({
    code: 'FLAG_UNKNOWN',
  });
  expect(await openLatches(dataDir).list()).toEqual([]);
  expect(service.status().latched).toEqual([]);
});

test('a rollout owns, raises and lowers its flag through the provider', async () => {
  const service = await start();
  const flags = provider(service);
  const other = { ...target, key: 'search' };
  expect(await flags.claim(other, shape, 'r-2')).toMatchObject({ kind: 'claimed', reading: { epoch: 1 } });
  const raised = await flags.write({ ...write(5, 'raise'), ...other, rolloutId: 'r-2' });
  expect(raised).toMatchObject({ kind: 'written', before: 1, after: 2 });
  await vi.waitFor(
    () => expect(service.flags('production').find(({ key }) => key === 'search')?.exposure).toEqual(to(5)),
    soon,
  );
  await flags.kill(other, null, latch);
  expect(await flags.write({ ...write(25, 'raise'), ...other, rolloutId: 'r-2' })).toMatchObject({
    kind: 'refused',
    why: 'latched',
  });
  expect(await flags.claim(other, shape, 'r-3')).toMatchObject({ kind: 'refused', why: 'latched' });
});
