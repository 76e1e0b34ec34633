import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FlagSpec } from '../plans/flag/spec.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createFlagRegistry } from '../store/registry.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { type FlagService, startFlagService } from './service.ts';

const KEYS = ['one', 'two', 'three'];
const by = { author: 'ada', reason: 'test' };
const segments = { staff: { attribute: 'email', operator: 'ends_with' as const, values: ['@example.com'] } };
let postgres: TestDatabase;
let database: Database;
let dataDir: string;

beforeEach(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  database = openDatabase(postgres.url);
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-restart-'));
  const registry = createFlagRegistry(database, ['staff']);
  const { safe: _, ...shape } = flagState(0, 0).shape;
  const spec = FlagSpec.parse({ kind: 'percentage', purpose: 'ops', exclude: ['staff'] });
  for (const key of KEYS) {
    const flag = await registry.put({ environment: 'production', key }, { shape, spec, create: true }, by);
    const exposure = { ...flag.exposure, percent: 100 };
    await registry.move(flag, { exposure, live: true }, by);
  }
});
afterEach(async () => {
  await database.close();
  await postgres.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const start = (folder = dataDir): Promise<FlagService> =>
  startFlagService({
    flagStore: createFlagStore(database),
    databaseUrl: postgres.url,
    dataDir: folder,
    segments,
    log: { info: () => undefined, warn: () => undefined },
  });
const variants = (service: FlagService, context: object) =>
  KEYS.map(
    (key) =>
      service
        .document('production')
        .evaluator()
        .getFlag(key)
        ?.evaluate(context as never).variant,
  );
const spoil = (percent: number) =>
  database.run((queries) =>
    queries.execute(
      `update flags set spec = '{"kind":"sideways"}', revision = revision + 1,
        exposure = jsonb_set(exposure, '{percent}', '${percent}') where key = 'two'`,
    ),
  );

test('a server that starts with one row that it cannot read serves all others, and of that one the last good definition', async () => {
  const before = await start();
  expect(variants(before, { targetingKey: 'u' })).toEqual(['on', 'on', 'on']);
  await before.stop();
  await spoil(100);
  const after = await start();
  await vi.waitUntil(() => after.status().source === 'postgres');
  expect(variants(after, { targetingKey: 'u' })).toEqual(['on', 'on', 'on']);
  // The rules are those of before: whoever was left out is left out still.
  expect(variants(after, { targetingKey: 'u', email: 'a@example.com' })).toEqual(['off', 'off', 'off']);
  expect(after.refusals().map(({ key, fault }) => `${key}: ${fault}`)).toEqual([
    expect.stringMatching(/^two: .*kind/),
  ]);
  await after.stop();
  // The exposure counts all the same, also of what cannot be read.
  await spoil(0);
  const again = await start();
  await vi.waitUntil(() => again.status().source === 'postgres');
  expect(variants(again, { targetingKey: 'u' })).toEqual(['on', 'off', 'on']);
  await again.stop();
});

test('where nothing good was ever served, such a flag is given to nobody, and the others to all', async () => {
  await spoil(100);
  const fresh = await start(join(dataDir, 'fresh'));
  await vi.waitUntil(() => fresh.status().source === 'postgres');
  const [one, two, three] = variants(fresh, { targetingKey: 'u' });
  expect([one, three]).toEqual(['on', 'on']);
  expect(two).not.toBe('on');
  await fresh.stop();
});
