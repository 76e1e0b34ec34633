import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForeignProvider } from '../flags/foreign.ts';
import { openLatches } from '../flags/latches.ts';
import { openPlatforms } from '../flags/platforms/open.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { Plan } from '../plans/plan.ts';
import { openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createPlatformStore } from '../store/platform-flags.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { Config } from './config.ts';
import { killDirect } from './kill.ts';

let postgres: TestDatabase;
let data: string;
let config: Config;

beforeAll(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  data = await mkdtemp(join(tmpdir(), 'tidegate-kill-'));
  config = Config.parse({
    data,
    database: { url: postgres.url },
    providers: { gitops: { kind: 'file', path: join(data, '{environment}.json') } },
  });
  const database = openDatabase(postgres.url);
  const store = createFlagStore(database);
  const { shape } = flagState(0, 0);
  await store.claim({ environment: 'production', key: 'here' }, shape, 'r-2');
  const flag = { state: 'ENABLED', variants: shape.variants, defaultVariant: 'off' };
  await writeFile(join(data, 'production.json'), JSON.stringify({ flags: { there: flag } }));
  const platform = openPlatforms(config.providers, {}).get('gitops');
  if (platform === undefined) throw new Error('no platform');
  const platformStore = createPlatformStore(database);
  const parts = { flagStore: store, latches: openLatches(data), dataDir: data, platform, platformStore };
  const provider = createForeignProvider(parts);
  const target = { environment: 'production', key: 'there' };
  const claimed = await provider.claim(target, { ...shape, provider: 'gitops' }, 'r-1');
  if (claimed.kind !== 'claimed') throw new Error('not claimed');
  await provider.write({
    ...target,
    rolloutId: 'r-1',
    epoch: claimed.reading.epoch,
    exposure: { ...NO_EXPOSURE, percent: 100 },
    direction: 'raise',
    expectedRevision: null,
    author: 'r-1',
    reason: 'test',
  });
  const plan = Plan.parse({
    metadata: { name: 'theirs' },
    mode: 'observe',
    flag: { key: 'theirs', provider: 'told' },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp' }],
    stages: [{ name: '5%', percent: 5 }],
  });
  const names = { name: 'theirs', flag: 'theirs', environment: 'production', service: null };
  await createRolloutStore(database).create({ ...names, text: '', plan, submittedBy: 'sam' });
  await database.close();
});
afterAll(async () => {
  await postgres.drop();
  await rm(data, { recursive: true, force: true });
});

test.each([null, 'production'])(
  'a kill without the server says what the platform serves then (%s)',
  async (environment) => {
    const done = await killDirect(config, { key: 'there', environment, by: 'ada', reason: 'wrong' });
    const line = done.ways.find(({ way }) => way === 'platform "gitops"');
    expect(line).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/^file .*gives the canary to nobody, read back$/),
    });
    const { flags } = JSON.parse(await readFile(join(data, 'production.json'), 'utf8'));
    expect(flags.there.defaultVariant).toBe('off');
    const own = await killDirect(config, { key: 'here', environment, by: 'ada', reason: 'wrong' });
    expect(own.ways.map(({ way }) => way)).toEqual(['PostgreSQL']);
  },
);

test.each([null, 'production'])(
  'a kill of a flag that is only read says that nothing was stopped (%s)',
  async (environment) => {
    const kill = killDirect(config, { key: 'theirs', environment, by: 'ada', reason: 'wrong' });
    await expect(kill).rejects.toMatchObject({
      code: 'FLAG_WATCHED',
      message: expect.stringContaining('nothing was stopped'),
    });
    expect(await openLatches(data).list()).toEqual([]);
  },
);

test('a kill goes on in the other environments where one platform is dead, and names each that failed', async () => {
  const database = openDatabase(postgres.url);
  const store = createFlagStore(database);
  const { shape } = flagState(0, 0);
  const targets = ['blocked', 'broken', 'working'].map((environment) => ({ environment, key: 'several' }));
  for (const [i, target] of targets.entries()) {
    // A folder in the place of the file: the platform of two environments can be neither read nor written.
    if (i < 2) await mkdir(join(data, `${target.environment}.json`));
    const there = i < 2 ? { ...shape, provider: 'gitops' } : shape;
    await store.claim(target, there, `r-several-${i}`);
    if (i < 2) await createPlatformStore(database).link(target, 'gitops');
  }
  const kill = killDirect(config, { key: 'several', environment: null, by: 'ada', reason: 'wrong' });
  await expect(kill).rejects.toMatchObject({
    code: expect.stringMatching(/^PLATFORM_/),
    message: 'The kill of several is not finished in blocked, broken; it is done only in working.',
    details: expect.arrayContaining([
      expect.stringMatching(/^blocked: not done: .*is kept/),
      expect.stringMatching(/^broken: not done: .*is kept/),
      expect.stringMatching(/^working: done: PostgreSQL \(revision \d+\)$/),
    ]),
  });
  for (const target of targets) expect((await store.read(target))?.latch).toMatchObject({ by: 'ada' });
  await database.close();
});
