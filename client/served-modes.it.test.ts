import { OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SyncServer, startSync } from '../flags/sync.ts';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { createDispatcher } from './dispatcher.ts';
import { flagProvider } from './flag-provider.ts';

let server: ApiServer;
let sync: SyncServer;

beforeAll(async () => {
  server = await startApiServer();
  sync = await startSync({ service: server.flagService, host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await OpenFeature.clearProviders();
  await sync.stop();
  await server.close();
});

const env = () => ({ TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' });
const flags = (...args: string[]) =>
  startCommand(['flags', ...args], { cwd: server.dataDir, env: env() }).ended;
const tidegate = (...args: string[]) => flags(...args, '--reason', 'try');

it('people set how the dispatcher serves a flag, and end it, without a deployment', async () => {
  await tidegate('create', 'pricing-v2', '--purpose', 'ops', '--kind', 'boolean');
  await tidegate('set', 'pricing-v2', '--on');
  const addresses = [`127.0.0.1:${sync.port}`];
  await OpenFeature.setProviderAndWait(flagProvider({ addresses, environment: 'production' }));
  const dispatcher = createDispatcher({ service: 'shop', drills: { mostPercent: 100 } });
  const served = () =>
    dispatcher.run({
      flag: 'pricing-v2',
      context: { targetingKey: 'ann' },
      baseline: () => 'old',
      canary: () => 'new',
      fallback: () => false,
    });
  await expect.poll(served).toBe('new');

  // Revision 3: nobody is served by the new path, whatever the flag gives.
  expect(await tidegate('edit', 'pricing-v2', '--mode', 'dark')).toMatchObject({ status: 0, err: '' });
  await expect.poll(served).toBe('old');
  expect((await flags('show', 'pricing-v2')).out).toMatch(/mode +dark/);
  await tidegate('edit', 'pricing-v2', '--mode', 'none');
  await expect.poll(served).toBe('new');

  const broken = () => served().catch((error: Error) => error.name);
  await tidegate('edit', 'pricing-v2', '--drill', 'errorRate=1,percent=100');
  await expect.poll(broken).toBe('DrillError');
  await tidegate('undo', 'pricing-v2', '--to', '3');
  await expect.poll(broken).toBe('old');
  await tidegate('undo', 'pricing-v2', '--to', '2');
  await expect.poll(broken).toBe('new');

  expect((await tidegate('edit', 'pricing-v2', '--mode', 'drak')).err).toContain('mode');
  expect((await tidegate('edit', 'pricing-v2', '--drill', 'percent=5')).err).toContain('it breaks nothing');
  const { revisions } = JSON.parse(await (await server.api('/flags/pricing-v2/revisions')).text());
  expect(revisions).toContainEqual(
    expect.objectContaining({ author: 'ada', reason: 'try', changes: ['mode: – → "dark"'] }),
  );
  await dispatcher.close();
});
