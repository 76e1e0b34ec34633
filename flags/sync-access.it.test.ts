import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { flagdOptions } from '../client/provider.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { migrate } from '../store/migrate.ts';
import { createTokenStore, type TokenStore } from '../store/tokens.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { startWire } from '../test/fixtures/wire.ts';
import type { FlagAccess } from './access.ts';
import { type FlagService, startFlagService } from './service.ts';
import { type SyncServer, startSync } from './sync.ts';
import { issueToken } from './token.ts';
import { openTokenAccess } from './token-access.ts';

const log = { info: () => undefined, warn: () => undefined };
const quiet = { ...log, error: () => undefined, debug: () => undefined };
const soon = { timeout: 10_000, interval: 5 };
const pem = (name: string) =>
  fileURLToPath(new URL(`../test/fixtures/loopback-${name}.pem`, import.meta.url));

let postgres: TestDatabase;
let database: Database;
let tokens: TokenStore;
let dataDir: string;
let service: FlagService;
let access: FlagAccess;
let server: SyncServer;
const clients: Client[] = [];
const providers: FlagdProvider[] = [];

async function token(environment: string): Promise<{ id: string; token: string }> {
  const issued = issueToken();
  const { id, hash } = issued;
  await tokens.create({ id, hash, environment, name: 'test', createdBy: 'test', expiresAt: null });
  return issued;
}

beforeAll(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  database = openDatabase(postgres.url);
  tokens = createTokenStore(database);
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-access-'));
  const options = { flagStore: null, databaseUrl: null, dataDir, segments: {}, log };
  const first = await startFlagService(options);
  first.accept(flagState(0, 1));
  first.accept(flagState(0, 1, { environment: 'staging' }));
  await first.stop();
  service = await startFlagService(options);
  access = await openTokenAccess({ store: tokens, databaseUrl: postgres.url, dataDir, log });
  server = await startSync({ service, access, host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(providers.splice(0).map((provider) => provider.onClose()));
});
afterAll(async () => {
  await server.stop();
  await access.stop();
  await service.stop();
  await database.close();
  await postgres.drop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Stream {
  code: Promise<number>;
  text(): string;
}

function open(headers: Record<string, string>): Stream {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  clients.push(client);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const stream = client.makeServerStreamRequest(
    '/flagd.sync.v1.FlagSyncService/SyncFlags',
    (bytes: Buffer) => bytes,
    (bytes) => bytes,
    Buffer.alloc(0),
    metadata,
  );
  let text = '';
  stream.on('data', (bytes: Buffer) => {
    text = bytes.toString();
  });
  const code = new Promise<number>((resolve) => {
    stream.on('error', (error: Error & { code: number }) => resolve(error.code));
    stream.on('end', () => resolve(status.OK));
  });
  return { code, text: () => text };
}

/** The code with which fetching all flags at once ends; or another call, with other bytes. */
function fetched(
  headers: Record<string, string>,
  { name: call = 'FetchAllFlags', body = Buffer.alloc(0) } = {},
): Promise<number> {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  clients.push(client);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const bytes = (all: Buffer) => all;
  const method = `/flagd.sync.v1.FlagSyncService/${call}`;
  return new Promise((resolve) => {
    client.makeUnaryRequest(method, bytes, bytes, body, metadata, (error) =>
      resolve(error?.code ?? status.OK),
    );
  });
}

test.each(['SyncFlags', 'FetchAllFlags', 'GetMetadata'])(
  'bytes that are no message are refused by %s as such',
  async (name) => {
    const { token: own } = await token('production');
    const headers = { authorization: `Bearer ${own}` };
    for (const bytes of ['ffffffffffff', '0a']) {
      const body = Buffer.from(bytes, 'hex');
      expect(await fetched(headers, { name, body })).toBe(status.INVALID_ARGUMENT);
    }
    const huge = Buffer.alloc(100 * 1024, 'x');
    expect(await fetched(headers, { name, body: huge })).toBe(status.RESOURCE_EXHAUSTED);
    expect(server.streams()).toBe(0);
  },
);

describe('a stream', () => {
  test('without a token, with a wrong one, or of another environment is refused', async () => {
    const { token: own } = await token('production');
    const authorization = `Bearer ${own}`;
    expect(await open({}).code).toBe(status.UNAUTHENTICATED);
    expect(await open({ authorization: 'Bearer nonsense' }).code).toBe(status.UNAUTHENTICATED);
    expect(await open({ authorization: `Bearer ${issueToken().token}` }).code).toBe(status.UNAUTHENTICATED);
    expect(await open({ authorization, 'flagd-selector': 'staging' }).code).toBe(status.PERMISSION_DENIED);
    expect(await open({ authorization, 'flagd-selector': 'source=x' }).code).toBe(status.INVALID_ARGUMENT);
    expect(server.streams()).toBe(0);
  });

  test('has the flags of the token’s environment, and ends when it is revoked', async () => {
    const { id, token: own } = await token('staging');
    const headers = { authorization: `Bearer ${own}` };
    const stream = open(headers);
    await vi.waitFor(() => expect(stream.text()).toContain('"environment":"staging"'), soon);
    expect(await fetched(headers)).toBe(status.OK);
    expect(stream.text()).not.toContain('production');
    await tokens.revoke(id, 'test');
    expect(await stream.code).toBe(status.UNAUTHENTICATED);
    await vi.waitFor(() => expect(server.streams()).toBe(0), soon);
    expect(await open(headers).code).toBe(status.UNAUTHENTICATED);
    expect(await fetched(headers)).toBe(status.UNAUTHENTICATED);
  });
});

test('a stream ends when its token expires', async () => {
  const { id, token: own, hash } = issueToken();
  const expiresAt = Date.now() + 5_000;
  await tokens.create({ id, hash, environment: 'production', name: 'short', createdBy: 'test', expiresAt });
  const headers = { authorization: `Bearer ${own}` };
  const stream = open(headers);
  await vi.waitFor(() => expect(stream.text()).toContain('"environment":"production"'), soon);
  expect(await stream.code).toBe(status.UNAUTHENTICATED);
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  expect(await open(headers).code).toBe(status.UNAUTHENTICATED);
  expect(await fetched(headers)).toBe(status.UNAUTHENTICATED);
});

test('flagd’s provider, which sends no headers of its own, shows its token in the selector', async () => {
  const { token: own } = await token('production');
  const provider = new FlagdProvider(
    flagdOptions({ addresses: [`127.0.0.1:${server.port}`], environment: 'production', token: own }),
    quiet,
  );
  providers.push(provider);
  await provider.initialize();
  const details = await provider.resolveBooleanEvaluation('pricing-v2', true, { targetingKey: 'u' }, quiet);
  expect(details).toMatchObject({ value: false, variant: 'off', flagMetadata: { scope: 'production' } });
  const unknown = await provider.resolveBooleanEvaluation('nobody', true, {}, quiet);
  expect(unknown).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', flagMetadata: { scope: 'production' } });
  // What an evaluation says reaches hooks and logs.
  expect(JSON.stringify([details, unknown])).not.toContain(own);
  const wrong = new FlagdProvider(
    flagdOptions({ addresses: [`127.0.0.1:${server.port}`], environment: 'production', token: 'wrong' }),
    quiet,
  );
  providers.push(wrong);
  await expect(wrong.initialize()).rejects.toThrow(/UNAUTHENTICATED|token/);
});

test('over TLS the provider trusts the certificate that it is given', async () => {
  const secure = await startSync({
    service,
    host: '127.0.0.1',
    port: 0,
    tls: { cert: pem('cert'), key: readFileSync(pem('key'), 'utf8') },
  });
  const addresses = [`localhost:${secure.port}`];
  const tls = { certPath: pem('cert') };
  const provider = new FlagdProvider(flagdOptions({ addresses, environment: 'production', tls }), quiet);
  providers.push(provider);
  await provider.initialize();
  expect(await provider.resolveBooleanEvaluation('pricing-v2', true, {}, quiet)).toMatchObject({
    value: false,
  });
  await provider.onClose();
  await secure.stop();
});

test('a certificate that cannot be read is named', async () => {
  const wrong = { service, host: '127.0.0.1', port: 0, tls: { cert: '/nowhere/cert.pem', key: pem('key') } };
  await expect(startSync(wrong)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    where: 'flags.tls.cert',
  });
  const mixed = { ...wrong, tls: { cert: pem('key'), key: pem('key') } };
  await expect(startSync(mixed)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a client that takes nothing is cut off, and the others go on', async () => {
  const big = Object.fromEntries(
    Array.from({ length: 4000 }, (_, n) => [`variant-${n}-${'x'.repeat(60)}`, n]),
  );
  const large = (revision: number) =>
    flagState(0, revision, {
      environment: 'large',
      shape: {
        variants: { ...big, on: true, off: false },
        baseline: 'off',
        canary: 'on',
        stickiness: 'targetingKey',
      },
    });
  service.accept(large(1));
  const strict = await startSync({ service, host: '127.0.0.1', port: 0, stalledMs: 1_000 });
  const address = `127.0.0.1:${strict.port}`;
  // A client of gRPC reads on even when nobody takes its messages: only its line can keep them from it.
  const wire = await startWire({ host: '127.0.0.1', port: strict.port });
  const client = new Client(`127.0.0.1:${wire.port}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
  });
  clients.push(client);
  const metadata = new Metadata();
  metadata.set('flagd-selector', 'large');
  const lazy = client.makeServerStreamRequest(
    '/flagd.sync.v1.FlagSyncService/SyncFlags',
    (bytes: Buffer) => bytes,
    (bytes) => bytes,
    Buffer.alloc(0),
    metadata,
  );
  const ended = new Promise<number>((resolve) =>
    lazy.on('error', (error: Error & { code: number }) => resolve(error.code)),
  );
  const first = new Promise((resolve) => lazy.once('data', resolve));
  const provider = new FlagdProvider(flagdOptions({ addresses: [address], environment: 'large' }), quiet);
  providers.push(provider);
  await provider.initialize();
  await first;
  await vi.waitFor(() => expect(strict.streams()).toBe(2), soon);
  wire.hang();
  service.accept(large(2));
  await vi.waitFor(() => expect(strict.streams()).toBe(1), soon);
  await wire.mend();
  expect([status.RESOURCE_EXHAUSTED, status.UNAVAILABLE, status.CANCELLED]).toContain(await ended);
  service.accept(large(3));
  await vi.waitFor(async () => {
    const { flagMetadata } = await provider.resolveBooleanEvaluation('pricing-v2', true, {}, quiet);
    expect(flagMetadata?.['revision']).toBe(3);
  }, soon);
  await wire.close();
  await provider.onClose();
  await strict.stop();
});
