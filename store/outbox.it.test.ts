import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Notification } from '../plans/journal.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { notification } from '../test/fixtures/message.ts';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import { createChannelMemory } from './channel-memory.ts';
import { type Database, openDatabase } from './connection.ts';
import { migrate } from './migrate.ts';
import { createOutbox } from './outbox.ts';
import { createRolloutStore } from './rollouts.ts';
import type { Outbox, OutboxRow } from './store.ts';

let server: TestDatabase;
let database: Database;
let outbox: Outbox;
let made = 0;
let channel = '';

beforeAll(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url);
  outbox = createOutbox(database);
});

afterAll(async () => {
  await database.close();
  await server.drop();
});

beforeEach(() => {
  channel = `channel-${made++}`;
});

/** A rollout with one message per number on `channel`; its id. */
async function rolloutWith(numbers: number[], over: Partial<Notification> = {}): Promise<string> {
  const store = createRolloutStore(database);
  const name = `outbox-${made++}`;
  const { id } = await store.create({
    name,
    flag: name,
    environment: 'e',
    service: null,
    text: '',
    plan: {},
    submittedBy: 'ada',
  });
  const notifications = numbers.map((seq) => notification({ rolloutId: id, seq, channel, ...over }));
  await store.record({
    entries: [],
    notifications,
    view: exampleView({ id, name, flag: name, environment: 'e', seq: Math.max(0, ...numbers) }),
  });
  return id;
}

test('a message that a sender took before says so, also when that sender never came back', async () => {
  await rolloutWith([1]);
  const [first] = await take(10, 1);
  expect(first).toMatchObject({ repeated: false, attempts: 0 });
  const [again] = await vi.waitFor(async () => {
    const rows = await take();
    expect(rows).toHaveLength(1);
    return rows;
  });
  expect(again).toMatchObject({ repeated: true, attempts: 0 });
});

test('a channel finds again what it kept of a rollout, and nothing of another', async () => {
  const memory = createChannelMemory(database);
  const place = { rolloutId: await rolloutWith([1]), channel, key: 'thread' };
  expect(await memory.recall(place)).toBeNull();
  await memory.keep(place, 'one');
  await memory.keep(place, 'two');
  expect(await createChannelMemory(database).recall(place)).toBe('two');
  for (const other of [{ channel: 'x' }, { key: 'x' }, { rolloutId: 'x' }])
    expect(await memory.recall({ ...place, ...other })).toBeNull();
});

const take = (limit = 10, leaseMs = 60_000) => outbox.take(limit, leaseMs, { channel });
const numbersOf = (rows: OutboxRow[]) => rows.map(({ notification: { seq } }) => seq);

describe('messages of one rollout on one channel', () => {
  test('go one after the other, in the order of the journal', async () => {
    await rolloutWith([3, 1, 2]);
    for (const seq of [1, 2, 3]) {
      const rows = await take();
      expect(numbersOf(rows)).toEqual([seq]);
      expect(await take()).toEqual([]);
      for (const { id } of rows) await outbox.sent(id);
    }
    expect(await take()).toEqual([]);
  });

  test('wait while the first one fails, and go on when it is sent', async () => {
    const id = await rolloutWith([1, 2]);
    const [first] = await take();
    await outbox.failed(first?.id ?? 0, 'no answer', 60_000);
    expect(await take()).toEqual([]);
    expect(await outbox.of(id)).toMatchObject([
      { state: 'waiting', attempts: 1, error: 'no answer' },
      { state: 'waiting', attempts: 0, error: null },
    ]);
    await outbox.failed(first?.id ?? 0, 'no answer', 0);
    expect(numbersOf(await take())).toEqual([1]);
    await outbox.sent(first?.id ?? 0);
    expect(numbersOf(await take())).toEqual([2]);
    expect(await outbox.of(id)).toMatchObject([
      { state: 'sent', attempts: 2, error: null },
      { state: 'waiting' },
    ]);
  });

  test('of another rollout or channel are not held back', async () => {
    await rolloutWith([1, 2]);
    await rolloutWith([1, 2]);
    expect(numbersOf(await take())).toEqual([1, 1]);
    const other = `${channel}-other`;
    await rolloutWith([5], { channel: other });
    expect(numbersOf(await outbox.take(10, 1000, { channel: other }))).toEqual([5]);
  });
});

describe('a taken message', () => {
  test('is hidden from every other sender until the lease ends', async () => {
    await rolloutWith([1]);
    expect(await take(10, 300)).toHaveLength(1);
    expect(await take()).toEqual([]);
    await vi.waitFor(async () => expect(await take()).toHaveLength(1), { timeout: 5000, interval: 50 });
  });

  test('is taken by one of twenty senders that ask at once', async () => {
    for (let n = 0; n < 30; n++) await rolloutWith([1]);
    const taken = (await Promise.all(Array.from({ length: 20 }, () => take(3)))).flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
    const rest = await take(100);
    expect(taken.length + rest.length).toBe(30);
  });

  test('is never taken in more than the number asked for', async () => {
    for (let n = 0; n < 5; n++) await rolloutWith([1]);
    expect(await take(2)).toHaveLength(2);
  });
});

describe('a message that does not get through', () => {
  test('is marked once, is copied to the other channel, and no longer holds back later ones', async () => {
    const id = await rolloutWith([1, 2]);
    const [first] = await take();
    const rowId = first?.id ?? 0;
    const other = `${channel}-other`;
    const marks = await Promise.all(Array.from({ length: 5 }, () => outbox.stuck(rowId, other)));
    expect(marks.filter(Boolean)).toHaveLength(1);
    await outbox.failed(rowId, 'dead', 0);
    expect(numbersOf(await take())).toEqual([1, 2]);
    const [copy] = await outbox.take(10, 1000, { channel: other });
    expect(copy?.notification).toMatchObject({ rolloutId: id, seq: 1, channel: other, undelivered: channel });
    await outbox.sent(rowId);
    expect(await outbox.stuck(rowId, other)).toBe(false);
  });
});

test('messages to channels outside a list are found', async () => {
  const known = `${channel}-known`;
  await rolloutWith([1], { channel: known });
  await rolloutWith([1], { channel: `${channel}-stranger` });
  const strangers = (await outbox.take(1000, 1, { except: [known] })).map(
    ({ notification: one }) => one.channel,
  );
  expect(strangers).toContain(`${channel}-stranger`);
  expect(strangers).not.toContain(known);
  expect(await outbox.take(1000, 1, { except: [] })).not.toEqual([]);
  expect((await outbox.take(1000, 1)).length).toBeGreaterThanOrEqual(0);
});
