import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../store/connection.ts';
import { createEvaluationStore, type EvaluationStore } from '../store/evaluations.ts';
import { migrate } from '../store/migrate.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { startWire, type Wire } from '../test/fixtures/wire.ts';
import { startEvaluationCounts } from './evaluation-counts.ts';

let server: TestDatabase;
let wire: Wire;
let database: Database;
let store: EvaluationStore;
const warn = vi.fn<(fields: object, text: string) => void>();
const log = { info: () => undefined, warn };
const start = (everyMs = 3_600_000) => startEvaluationCounts({ store, log, everyMs });
const counted = async () =>
  Object.fromEntries(
    (await store.read(Date.now())).counts.map(({ environment, key, count }) => [
      `${environment} ${key}`,
      count,
    ]),
  );

beforeAll(async () => {
  server = await createDatabase();
  await migrate(server.url);
  const through = new URL(server.url);
  wire = await startWire({ host: through.hostname, port: Number(through.port) });
  through.hostname = '127.0.0.1';
  through.port = String(wire.port);
  database = openDatabase(through.href);
  store = createEvaluationStore(database);
});
beforeEach(() => warn.mockClear());
afterAll(async () => {
  await database.close();
  await wire.close();
  await server.drop();
});

test('several servers add up what they count, and a restart loses nothing', async () => {
  expect(await store.read(0)).toEqual({ since: null, counts: [] });
  const [one, other] = [start(), start()];
  for (let n = 0; n < 1000; n += 1) one.one('production', 'a');
  other.one('production', 'a');
  other.one('staging', 'a');
  other.all('production');
  await Promise.all([one.stop(), other.stop()]);
  const again = start();
  again.one('production', 'a');
  await again.stop();
  expect(await counted()).toEqual({ 'production a': 1002, 'staging a': 1, 'production null': 1 });
  const { since } = await store.read(0);
  expect(since).toBe(Date.parse(new Date().toISOString().slice(0, 10)));
});

test('who counts nothing says that it counts', async () => {
  await database.run((queries) => queries.execute('truncate flag_evaluations'));
  await start().stop();
  expect(await store.read(0)).toEqual({ since: expect.any(Number), counts: [] });
});

test('while PostgreSQL is away it counts on, says so once, and adds it afterwards', async () => {
  await wire.cut();
  const counts = start(5);
  counts.one('production', 'b');
  await vi.waitFor(() => expect(warn).toHaveBeenCalled());
  counts.one('production', 'b');
  await wire.mend();
  await expect.poll(counted).toMatchObject({ 'production b': 2 });
  expect(warn).toHaveBeenCalledTimes(1);
  await counts.stop();
});
