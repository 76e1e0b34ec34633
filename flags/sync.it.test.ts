import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { ProviderEvents } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flagdOptions } from '../client/provider.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { FlagSpec } from '../plans/flag/spec.ts';
import { openDatabase } from '../store/connection.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createDatabase } from '../test/fixtures/database.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { type FlagService, startFlagService } from './service.ts';
import { type SyncServer, startSync } from './sync.ts';

const silent = { info: () => undefined, warn: () => undefined };
const quiet = { ...silent, error: () => undefined, debug: () => undefined };
const soon = { timeout: 10_000, interval: 2 };

let dirs: string[];
let services: FlagService[];
let servers: SyncServer[];
let providers: FlagdProvider[];

beforeEach(() => {
  [dirs, services, servers, providers] = [[], [], [], []];
});

afterEach(async () => {
  await Promise.all(providers.map((provider) => provider.onClose()));
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true })));
});

/** A service that keeps what it is given, on a folder that already has these definitions. */
async function serve(states: FlagState[], port = 0): Promise<{ service: FlagService; server: SyncServer }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidegate-sync-'));
  dirs.push(dataDir);
  const options = { flagStore: null, databaseUrl: null, dataDir, segments: {}, log: silent };
  const first = await startFlagService(options);
  for (const each of states) first.accept(each);
  await first.stop();
  const service = await startFlagService(options);
  services.push(service);
  const server = await startSync({ service, host: '127.0.0.1', port });
  servers.push(server);
  return { service, server };
}

async function connect(
  ports: number[],
  environment = 'production',
  flagSet?: string,
): Promise<FlagdProvider> {
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const provider = new FlagdProvider(
    flagdOptions({ addresses, environment, ...(flagSet === undefined ? {} : { flagSet }) }),
    quiet,
  );
  providers.push(provider);
  await provider.initialize();
  return provider;
}

async function isOn(provider: FlagdProvider, key = 'pricing-v2'): Promise<boolean | string> {
  const { value, errorCode } = await provider.resolveBooleanEvaluation(
    key,
    false,
    { targetingKey: 'u' },
    quiet,
  );
  return errorCode ?? value;
}

async function until(provider: FlagdProvider, value: boolean): Promise<number> {
  const began = performance.now();
  await vi.waitFor(async () => expect(await isOn(provider)).toBe(value), soon);
  return performance.now() - began;
}

test('flagd’s own provider evaluates locally what the service serves, and follows it', async () => {
  const { service, server } = await serve([flagState(0, 1)]);
  const provider = await connect([server.port]);
  expect(await isOn(provider)).toBe(false);
  expect(server.streams()).toBe(1);
  service.accept(flagState(100, 2));
  await until(provider, true);
  await provider.onClose();
  await vi.waitFor(() => expect(server.streams()).toBe(0), soon);
});

test('a change of PostgreSQL is evaluated in the application within milliseconds', async () => {
  const postgres = await createDatabase();
  await migrate(postgres.url);
  const database = openDatabase(postgres.url);
  const flagStore = createFlagStore(database);
  const target = { environment: 'production', key: 'pricing-v2' };
  await flagStore.claim(target, flagState(0, 0).shape, 'r');
  const dataDir = await mkdtemp(join(tmpdir(), 'tidegate-sync-'));
  dirs.push(dataDir);
  const service = await startFlagService({
    flagStore,
    databaseUrl: postgres.url,
    dataDir,
    segments: {},
    log: silent,
  });
  services.push(service);
  const server = await startSync({ service, host: '127.0.0.1', port: 0 });
  servers.push(server);
  const provider = await connect([server.port]);

  let tell = () => undefined as void;
  provider.events.addHandler(ProviderEvents.ConfigurationChanged, () => tell());
  const times: number[] = [];
  for (let turn = 0; turn < 60; turn += 1) {
    const on = turn % 2 === 0;
    const heard = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const began = performance.now();
    await flagStore.set(target, { ...NO_EXPOSURE, percent: on ? 100 : 0 }, 'test', 'test');
    await heard;
    times.push(performance.now() - began);
    await until(provider, on);
  }
  times.sort((a, b) => a - b);
  const figures = { median: times[30], worst: times.at(-1) };
  console.log(`flag write to evaluation in the application, ms: ${JSON.stringify(figures)}`);
  expect(figures.median).toBeLessThan(100);
  expect(figures.worst).toBeLessThan(1000);
  await database.close();
  await service.stop();
  await postgres.drop();
});

describe('with two services', () => {
  test('a client of the one that goes follows the other within two seconds, and comes back', async () => {
    const one = await serve([flagState(0, 1)]);
    const two = await serve([flagState(0, 1)]);
    const provider = await connect([one.server.port, two.server.port]);
    expect([one.server.streams(), two.server.streams()]).toEqual([1, 0]);

    two.service.accept(flagState(100, 2));
    await one.server.stop();
    const over = await until(provider, true);
    two.service.accept(flagState(0, 3));
    await until(provider, false);

    const again = await startSync({ service: one.service, host: '127.0.0.1', port: one.server.port });
    servers.push(again);
    one.service.accept(flagState(100, 4));
    await two.server.stop();
    const back = await until(provider, true);
    console.log(`failover to the other service and back, ms: ${JSON.stringify({ over, back })}`);
    expect(over).toBeLessThan(2000);
    expect(back).toBeLessThan(2000);
  });

  test('the last flags go on being evaluated while both are away, and the client finds either again', async () => {
    const one = await serve([flagState(100, 1)]);
    const two = await serve([flagState(100, 1)]);
    const provider = await connect([one.server.port, two.server.port]);
    await Promise.all([one.server.stop(), two.server.stop()]);
    expect(await isOn(provider)).toBe(true);
    const again = await startSync({ service: two.service, host: '127.0.0.1', port: two.server.port });
    servers.push(again);
    two.service.accept(flagState(0, 2));
    await until(provider, false);
  });
});

describe('the selector', () => {
  const both = [flagState(100, 1), flagState(0, 1, { environment: 'staging' })];

  test('keeps environments apart, and nothing asked is production', async () => {
    const { server } = await serve(both);
    const [production, staging, none] = await Promise.all([
      connect([server.port]),
      connect([server.port], 'staging'),
      fetch(server.port, {}),
    ]);
    expect([await isOn(production), await isOn(staging)]).toEqual([true, false]);
    expect(JSON.parse(none)).toMatchObject({ metadata: { flagSetId: 'production' } });
  });

  test('is taken from the header before the field, and may be the plain name', async () => {
    const { server } = await serve(both);
    const flagSetOf = async (request: { selector?: string; header?: string }): Promise<unknown> =>
      JSON.parse(await fetch(server.port, request)).metadata.flagSetId;
    expect(await flagSetOf({ selector: 'staging' })).toBe('staging');
    expect(await flagSetOf({ selector: 'staging', header: 'flagSetId=production' })).toBe('production');
  });

  test('of an environment without flags gives none, and they arrive when they come', async () => {
    const { service, server } = await serve(both);
    const provider = await connect([server.port], 'canary');
    expect(await isOn(provider)).toBe('FLAG_NOT_FOUND');
    service.accept(flagState(100, 1, { environment: 'canary' }));
    await until(provider, true);
  });

  test('narrows an environment to one of its flag sets, on the stream and in a fetch', async () => {
    const inSet = (flagSet: string) => ({ spec: FlagSpec.parse({ kind: 'percentage', flagSet }) });
    const cart = { key: 'cart', ...inSet('checkout') };
    const { service, server } = await serve([
      flagState(100, 1),
      flagState(100, 1, cart),
      flagState(100, 1, { key: 'cart', environment: 'staging', ...inSet('checkout') }),
      flagState(100, 1, { key: 'ranking', ...inSet('search') }),
    ]);
    const [all, some, empty] = await Promise.all([
      connect([server.port]),
      connect([server.port], 'production', 'checkout'),
      connect([server.port], 'production', 'later'),
    ]);
    expect([await isOn(all), await isOn(all, 'cart')]).toEqual([true, true]);
    expect([await isOn(some), await isOn(some, 'ranking')]).toEqual(['FLAG_NOT_FOUND', 'FLAG_NOT_FOUND']);
    expect([await isOn(some, 'cart'), await isOn(empty, 'cart')]).toEqual([true, 'FLAG_NOT_FOUND']);
    const set = JSON.parse(await fetch(server.port, { header: 'environment=production,flagSetId=checkout' }));
    expect(set.metadata).toEqual({ flagSetId: 'checkout', scope: 'production' });
    expect(Object.keys(set.flags)).toEqual(['cart']);
    expect(set.flags.cart.metadata).toMatchObject({ flagSetId: 'checkout', environment: 'production' });

    let heard = 0;
    some.events.addHandler(ProviderEvents.ConfigurationChanged, () => void (heard += 1));
    service.accept(flagState(0, 2, { key: 'ranking', ...inSet('search') }));
    service.accept(flagState(0, 2, cart));
    await vi.waitFor(async () => expect(await isOn(some, 'cart')).toBe(false), soon);
    expect(heard).toBe(1);
    // A flag that leaves one set and comes into another does so for both.
    service.accept(flagState(100, 3, { key: 'cart', ...inSet('later') }));
    await vi.waitFor(async () => expect(await isOn(empty, 'cart')).toBe(true), soon);
    await vi.waitFor(async () => expect(await isOn(some, 'cart')).toBe('FLAG_NOT_FOUND'), soon);
  });

  test('that nobody understands is refused in words', async () => {
    const { server } = await serve(both);
    await expect(fetch(server.port, { selector: 'source=file' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('environment=<environment>,flagSetId=<flag set>'),
    });
  });
});

test('a service without definitions answers "unavailable", never "no flags"', async () => {
  const { server } = await serve([]);
  await expect(fetch(server.port, {})).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test('metadata is an empty struct, which every provider reads', async () => {
  const { server } = await serve([flagState(0, 1)]);
  // Field 2 with no bytes: a struct without fields. An answer without the field stops some providers.
  expect(await call(server.port, 'GetMetadata', Buffer.alloc(0))).toEqual(Buffer.from([0x12, 0]));
});

test('a client that does not read holds nobody up and gets the newest state in the end', async () => {
  const variants = {
    on: true,
    off: false,
    ...Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`variant-${n}-${'x'.repeat(40)}`, true])),
  };
  const big = (percent: number, revision: number) =>
    flagState(percent, revision, { shape: { ...flagState(0, 0).shape, variants } });
  const { service, server } = await serve([big(0, 1)]);
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const lazy = client.makeServerStreamRequest(
    '/flagd.sync.v1.FlagSyncService/SyncFlags',
    (bytes: Buffer) => bytes,
    (bytes) => bytes,
    Buffer.alloc(0),
  );
  lazy.on('error', () => undefined);
  lazy.pause();
  await vi.waitFor(() => expect(server.streams()).toBe(1), soon);
  const provider = await connect([server.port]);
  for (let revision = 2; revision <= 200; revision += 1)
    service.accept(big(revision % 2 === 0 ? 100 : 0, revision));
  service.accept(big(100, 201));
  await until(provider, true);

  let received = 0;
  let last = '';
  lazy.on('data', (bytes: Buffer) => {
    received += 1;
    last = bytes.toString('utf8');
  });
  lazy.resume();
  await vi.waitFor(() => expect(last).toContain('"revision":201'), soon);
  expect(received).toBeLessThan(100);
  client.close();
});

test('a port that is taken is named', async () => {
  const { service, server } = await serve([flagState(0, 1)]);
  await expect(startSync({ service, host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: expect.stringContaining(String(server.port)),
  });
});

async function fetch(
  port: number,
  { selector = '', header }: { selector?: string; header?: string },
): Promise<string> {
  const metadata = new Metadata();
  if (header !== undefined) metadata.set('flagd-selector', header);
  const text = Buffer.from(selector);
  const request = text.length === 0 ? text : Buffer.concat([Buffer.from([0x12, text.length]), text]);
  const answer = await call(port, 'FetchAllFlags', request, metadata);
  return answer.subarray(answer.indexOf('{')).toString('utf8');
}

function call(port: number, method: string, request: Buffer, metadata = new Metadata()): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise<Buffer>((resolve, reject) => {
    const answered = (error: ServiceError | null, answer?: Buffer) => {
      client.close();
      if (error !== null) reject(error);
      else resolve(answer ?? Buffer.alloc(0));
    };
    client.makeUnaryRequest(
      `/flagd.sync.v1.FlagSyncService/${method}`,
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      request,
      metadata,
      answered,
    );
  });
}
