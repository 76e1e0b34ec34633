import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { flagState } from '../test/fixtures/flag-state.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
  await server.flagStore.claim(owned, flagState(0, 0).shape, 'r-1');
});
afterAll(() => server.close());

const owned = { environment: 'production', key: 'owned' };

const tidegate = (...args: string[]) =>
  startCommand(args, { cwd: server.dataDir, env: { TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' } })
    .ended;

/** The second flag would swap the cohorts that a rollout compares, which the store alone knows. */
const text = (more = '') => `
segments: [{ name: newcomers, joinable: true }]
flags:
  - { key: first, kind: percentage, purpose: ops, owner: web, optIn: [newcomers], on: true }
  - { key: owned, kind: percentage, purpose: ops, owner: web${more} }
  - { key: last, kind: percentage, purpose: ops, owner: web }
`;
const SWAPPED = ', baseline: "on", canary: "off"';

it('a file of which anything is refused in the middle changes nothing, and says where it was', async () => {
  const file = join(server.dataDir, 'flags.yaml');
  await writeFile(file, text(SWAPPED));
  const before = await server.flagStore.revisions(owned);
  const { status, err } = await tidegate('flags', 'apply', file);
  expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('FLAG_OWNED') });
  expect(err).toContain(`None of ${file} was applied.`);
  expect(err).toContain('flags[1]');
  for (const key of ['first', 'last'])
    expect(await server.flagStore.read({ environment: 'production', key })).toBeNull();
  expect(await server.flagStore.segments()).toEqual([]);
  expect(await server.flagStore.revisions(owned)).toEqual(before);

  await writeFile(file, text());
  expect(await tidegate('flags', 'apply', file)).toMatchObject({ status: 0, err: '' });
  const first = await server.flagStore.read({ environment: 'production', key: 'first' });
  expect(first).toMatchObject({ exposure: { percent: 100 } });
  expect((await server.flagStore.segments()).map(({ name }) => name)).toEqual(['newcomers']);
  await expect
    .poll(() =>
      server.flagService
        .flags('production')
        .map(({ key }) => key)
        .toSorted(),
    )
    .toEqual(['first', 'last', 'owned']);
});

it('two files at once are both carried out, one after the other', async () => {
  const files = await Promise.all(
    ['left', 'right'].map(async (owner) => {
      const file = join(server.dataDir, `${owner}.yaml`);
      await writeFile(file, text().replaceAll('owner: web', `owner: ${owner}`));
      return file;
    }),
  );
  const done = await Promise.all(files.map((file) => tidegate('flags', 'apply', file)));
  expect(done.map(({ status, err }) => [status, err])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  const owners = (await server.flagStore.list('production')).map(({ spec }) => spec?.owner);
  expect(new Set(owners).size).toBe(1);
});
