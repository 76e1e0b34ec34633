import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { noTerminal, startOnTerminal } from '../test/fixtures/terminal.ts';
import { startWire } from '../test/fixtures/wire.ts';

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9';
let postgres: TestDatabase;
let folder: string;

beforeAll(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  folder = await mkdtemp(join(tmpdir(), 'tidegate-past-'));
  for (const [name, port] of [
    ['own', 9],
    ['other', 7070],
  ] as const) {
    await mkdir(join(folder, name));
    const config = { server: { port }, database: { url: postgres.url }, data: 'data' };
    await writeFile(join(folder, name, 'tidegate.yaml'), JSON.stringify(config));
  }
  await mkdir(join(folder, 'empty'));
});
afterAll(async () => {
  await postgres.drop();
  await rm(folder, { recursive: true, force: true });
});

async function flags<T>(work: (store: ReturnType<typeof createFlagStore>) => Promise<T>): Promise<T> {
  const database = openDatabase(postgres.url);
  try {
    return await work(createFlagStore(database));
  } finally {
    await database.close();
  }
}
const made = (key: string, environment = 'production') =>
  flags((store) => store.claim({ environment, key }, flagState(0, 0).shape, `r-${key}-${environment}`));
const latch = (key: string, environment = 'production') =>
  flags(async (store) => (await store.read({ environment, key }))?.latch ?? null);
const kill = (key: string, from: string, ...more: string[]) =>
  startCommand(['kill', key, '--server', AWAY, ...more], {
    cwd: join(folder, from),
    env: { TIDEGATE_USER: 'ada', TIDEGATE_HOME: join(folder, 'home') },
  }).ended;

test('a kill goes past a server that is away, where the configuration is that server’s, and says so', async () => {
  await made('past');
  const done = await kill('past', 'own', '--reason', 'wrong totals');
  expect(done).toMatchObject({ status: 0, err: '' });
  expect(done.out).toMatch(
    /^The server cannot be reached \(.+\)\. So the kill went past http.*tidegate\.yaml\./,
  );
  expect(done.out).toContain('killed: past in production');
  expect(await latch('past')).toMatchObject({ by: 'ada', reason: 'wrong totals' });
});

test('a configuration that is named counts, and programs are told as well', async () => {
  await made('named');
  const config = join(folder, 'other', 'tidegate.yaml');
  const done = await kill('named', 'empty', '--config', config, '--json');
  expect(done.status).toBe(0);
  expect(JSON.parse(done.out)).toMatchObject({
    environments: ['production'],
    away: expect.stringContaining(config),
  });
  expect(await latch('named')).toMatchObject({ by: 'ada' });
});

test.each([
  ['other', 'tidegate.yaml is not of the server http://127.0.0.1:9'],
  ['empty', 'there is no tidegate.yaml here'],
])('another installation is not told in its place (%s)', async (from, why) => {
  await made(`kept-${from}`);
  const done = await kill(`kept-${from}`, from);
  expect(done.status).toBe(3);
  expect(done.err).toContain('(SERVER_UNREACHABLE)');
  expect(done.err).toContain(why);
  expect(done.err).toContain('--direct` works without the server');
  expect(await latch(`kept-${from}`)).toBeNull();
});

test('of several environments one is to be named, as the server asks it', async () => {
  await made('two');
  await made('two', 'staging');
  const refused = await kill('two', 'own');
  expect(refused).toMatchObject({ status: 2, out: '' });
  expect(refused.err).toContain('several environments: name one');
  expect(await latch('two')).toBeNull();
  expect(await kill('two', 'own', '--environment', 'staging')).toMatchObject({ status: 0 });
  expect([await latch('two'), await latch('two', 'staging')]).toMatchObject([null, { by: 'ada' }]);
});

test.skipIf(noTerminal() !== '')(
  'says on a terminal what it waits for while PostgreSQL is slow',
  async () => {
    await made('slow');
    const { hostname, port } = new URL(postgres.url);
    const wire = await startWire({ host: hostname, port: Number(port) });
    try {
      const through = new URL(postgres.url);
      through.hostname = '127.0.0.1';
      through.port = String(wire.port);
      await mkdir(join(folder, 'slow'));
      const config = { server: { port: 9 }, database: { url: through.href }, data: 'data' };
      await writeFile(join(folder, 'slow', 'tidegate.yaml'), JSON.stringify(config));
      wire.hang();
      const run = startOnTerminal(['kill', 'slow', '--direct', '--environment', 'production'], {
        cwd: join(folder, 'slow'),
        env: { TIDEGATE_USER: 'ada', TIDEGATE_HOME: join(folder, 'home') },
        columns: 80,
        rows: 24,
      });
      await expect.poll(run.out, { timeout: 30_000 }).toMatch(/killing slow past the server, 1 s/);
      await wire.mend();
      await run.ended;
      const [, after = ''] = run.out().split(/\r\x1b\[K(?=[^⠀-⣿])/u);
      expect(after).toContain('slow');
      expect(after).not.toContain('killing slow');
    } finally {
      await wire.close();
    }
  },
  60_000,
);
