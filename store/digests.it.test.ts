import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../test/fixtures/database.ts';
import { type Database, openDatabase } from './connection.ts';
import { createDigests } from './digests.ts';
import { migrate } from './migrate.ts';

let postgres: Awaited<ReturnType<typeof createDatabase>>;
let databases: Database[];
beforeAll(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  databases = [openDatabase(postgres.url), openDatabase(postgres.url)];
});
afterAll(async () => {
  for (const database of databases) await database.close();
  await postgres.drop();
});

const takers = () => databases.map(createDigests);

test('one of many takers gets a digest, and nobody once it was sent', async () => {
  const all = [...takers(), ...takers(), ...takers()];
  const taken = await Promise.all(all.map((one) => one.take('daily 1', 60_000)));
  expect(taken.filter((one) => one !== null)).toEqual([1]);
  await takers()[0]?.sent('daily 1');
  expect(await takers()[1]?.take('daily 1', 0)).toBeNull();
});

test('what was taken and not sent is taken again once its time is over, and counted', async () => {
  const [one, two] = takers();
  expect(await one?.take('daily 2', 60_000)).toBe(1);
  expect(await two?.take('daily 2', 60_000)).toBeNull();
  expect(await one?.take('daily 3', -1)).toBe(1);
  expect(await two?.take('daily 3', -1)).toBe(2);
});
