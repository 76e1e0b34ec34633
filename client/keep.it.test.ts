import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenFeature, ServerProviderEvents } from '@openfeature/server-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../app/embedded/ports.ts';
import { type FlagService, startFlagService } from '../flags/service.ts';
import { type SyncServer, startSync } from '../flags/sync.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { flagProvider } from './flag-provider.ts';

const soon = { timeout: 30_000 };
let dir: string;
let service: FlagService;
let port: number;
let sync: SyncServer;
const start = () => startSync({ service, host: '127.0.0.1', port });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-keep-'));
  const log = { info: () => undefined, warn: () => undefined };
  const options = { flagStore: null, databaseUrl: null, dataDir: dir, segments: {}, log };
  // Without PostgreSQL a server begins with what an earlier one left.
  const before = await startFlagService(options);
  before.accept(flagState(100, 1));
  before.accept(flagState(0, 1, { environment: 'staging' }));
  await before.stop();
  service = await startFlagService(options);
  port = await freePort();
});
afterAll(async () => {
  await OpenFeature.close();
  await sync.stop();
  await service.stop();
  await rm(dir, { recursive: true, force: true });
});

const keep = () => join(dir, 'application', 'flags.json');
const providerOf = (file: string, environment = 'production', flagSet?: string) => {
  const of = { environment, ...(flagSet === undefined ? {} : { flagSet }) };
  return flagProvider({ addresses: [`127.0.0.1:${port}`], ...of, keep: file });
};
const isOn = () => OpenFeature.getClient().getBooleanValue('pricing-v2', false, { targetingKey: 'ann' });

it('an application starts without a server from what it kept, and follows when the server is back', async () => {
  sync = await start();
  const first = providerOf(keep());
  await OpenFeature.setProviderAndWait(first);
  expect(await isOn()).toBe(true);
  await first.onClose();
  expect(await readFile(keep(), 'utf8')).toBe(service.document('production').text);
  expect((await stat(keep())).mode & 0o077).toBe(0);
  expect(await readdir(join(dir, 'application'))).toEqual(['flags.json']);
  await sync.stop();

  await expect(OpenFeature.setProviderAndWait(providerOf(join(dir, 'none.json')))).rejects.toThrow();
  expect(await isOn()).toBe(false);
  const changed: unknown[] = [];
  const second = providerOf(keep());
  await OpenFeature.setProviderAndWait(second);
  expect(await isOn()).toBe(true);

  OpenFeature.getClient().addHandler(ServerProviderEvents.ConfigurationChanged, (details) => {
    changed.push(details?.flagsChanged);
  });
  service.accept(flagState(0, 2));
  sync = await start();
  await expect.poll(isOn, soon).toBe(false);
  service.accept(flagState(100, 3));
  await expect.poll(isOn, soon).toBe(true);
  expect(changed).toEqual([['pricing-v2'], ['pricing-v2']]);
  await expect.poll(() => readFile(keep(), 'utf8')).toBe(service.document('production').text);
});

it('a file of another environment or flag set, or one that is no flag set, is not taken', async () => {
  await sync.stop();
  await expect(providerOf(keep(), 'staging').initialize()).rejects.toThrow();
  await expect(providerOf(keep(), 'production', 'checkout').initialize()).rejects.toThrow();
  const part = join(dir, 'checkout.json');
  await writeFile(part, service.document('production', 'checkout').text);
  const own = providerOf(part, 'production', 'checkout');
  await own.initialize();
  await own.onClose();
  await expect(providerOf(part).initialize()).rejects.toThrow();
  await expect(providerOf(part, 'staging', 'checkout').initialize()).rejects.toThrow();
  const broken = join(dir, 'broken.json');
  await writeFile(broken, '{"flags":');
  await expect(providerOf(broken).initialize()).rejects.toThrow();
  sync = await start();
});
