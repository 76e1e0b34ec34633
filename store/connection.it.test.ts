import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { freePort } from '../app/embedded/ports.ts';
import { type RunningPostgres, startPostgres } from '../app/embedded/postgres.ts';
import type { Failure } from '../plans/failures.ts';
import { createDatabase } from '../test/fixtures/database.ts';
import { type Database, openDatabase } from './connection.ts';
import { createFlagStore } from './flags.ts';
import { type ListenState, listen } from './listen.ts';
import { migrate } from './migrate.ts';
import { createRolloutStore } from './rollouts.ts';

const target = { environment: 'production', key: 'restarted' };
const shape = { variants: { on: true, off: false }, baseline: 'off', canary: 'on', stickiness: 'userId' };

describe('PostgreSQL stopped and started', () => {
  let dir: string;
  let dataDir: string;
  let postgres: RunningPostgres;
  const start = (port?: number) => startPostgres({ dataDir, persistent: true, log: () => undefined, port });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidegate-restart-'));
    dataDir = join(dir, 'postgres');
    postgres = await start();
    await migrate(postgres.url);
  });

  afterAll(async () => {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('the pool and the listener come back by themselves, and the caller is told to read again', async () => {
    const idleErrors: Failure[] = [];
    const database = openDatabase(postgres.url, { onError: (failure) => idleErrors.push(failure) });
    const store = createFlagStore(database);
    const states: ListenState[] = [];
    const messages: string[] = [];
    const listener = listen(
      postgres.url,
      'tidegate_flags',
      (message) => messages.push(message),
      (state) => states.push(state),
    );
    const kinds = () => states.map(({ kind }) => kind);
    try {
      await vi.waitFor(() => expect(kinds()).toEqual(['connected']));
      await store.claim(target, shape, 'r-1');
      await vi.waitFor(() =>
        expect(messages.map((text): unknown => JSON.parse(text))).toEqual([
          { ...target, revision: 1, stops: true },
        ]),
      );
      // Several idle connections, each of which breaks.
      await Promise.all(Array.from({ length: 5 }, () => store.list()));

      await postgres.stop();
      await vi.waitFor(() => expect(kinds()).toEqual(['connected', 'disconnected']), 5000);
      const where = `127.0.0.1:${postgres.port}`;
      const down = await store.read(target).catch((error: unknown) => error);
      expect(down).toMatchObject({ code: 'POSTGRES_UNREACHABLE', where });
      expect(String(down)).toContain('nothing listens there');
      expect(idleErrors.every(({ code }) => code === 'POSTGRES_UNREACHABLE')).toBe(true);
      expect(idleErrors.length).toBeGreaterThan(0);

      postgres = await start(postgres.port);
      expect(await store.read(target)).toMatchObject({ revision: 1, rolloutId: 'r-1' });
      await vi.waitFor(() => expect(kinds()).toEqual(['connected', 'disconnected', 'connected']), 5000);
      await store.release(target, 'r-1');
      await vi.waitFor(() => expect(messages).toHaveLength(2));
    } finally {
      await listener.stop();
      await database.close();
    }
  });

  test('a transaction that the server ends in the middle fails clearly and leaves nothing', async () => {
    const database = openDatabase(postgres.url);
    const half = database.transaction(async (queries) => {
      await queries.execute(sql`insert into rollout_numbers values ('half', 1)`);
      await queries.execute(sql`select pg_terminate_backend(pg_backend_pid())`);
    });
    await expect(half).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    const count = await database.run((queries) =>
      queries.execute(sql`select from rollout_numbers where name = 'half'`),
    );
    expect(count.rowCount).toBe(0);
    await database.close();
  });

  test('a process that stops in the middle of a transaction does not hold a flag for long', async () => {
    const database = openDatabase(postgres.url);
    const store = createFlagStore(database);
    await store.claim({ ...target, key: 'held' }, shape, 'r-1');
    let letGo = () => {};
    const stuck = database.transaction(async (queries) => {
      await queries.execute(sql`select from flags where key = 'held' for update`);
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    });
    const killed = await store.kill({ ...target, key: 'held' }, null, { by: 'eve', reason: 'x', at: '' });
    expect(killed.latch).not.toBeNull();
    letGo();
    await expect(stuck).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    expect((await store.list()).length).toBeGreaterThan(0);
    await database.close();
  });
});

describe('a database that cannot be used', () => {
  async function failureOf(url: string): Promise<unknown> {
    const database = openDatabase(url);
    try {
      return await database.check().catch((error: unknown) => error);
    } finally {
      await database.close();
    }
  }

  const changed = (change: (url: URL) => void) => {
    const url = new URL(inject('postgresUrl'));
    url.password = 'top-secret';
    change(url);
    return url.href;
  };

  test.each<[string, string, (url: URL) => void]>([
    ['a wrong password', 'it refuses this user or password', () => undefined],
    ['an unknown host', 'the host name is unknown', (url) => (url.hostname = 'nowhere.invalid')],
  ])('is told: %s', async (_, words, change) => {
    const failure = await failureOf(changed(change));
    expect(failure).toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    expect(String(failure)).toContain(words);
    expect(JSON.stringify(failure) + String(failure)).not.toContain('top-secret');
  });

  test('is told: nothing listens, by migrate too', async () => {
    const port = await freePort();
    const url = `postgres://ada:top-secret@127.0.0.1:${port}/tidegate`;
    for (const failure of [await failureOf(url), await migrate(url).catch((error: unknown) => error)]) {
      expect(failure).toMatchObject({ code: 'POSTGRES_UNREACHABLE', where: `127.0.0.1:${port}` });
    }
  });

  test('is told: a database that does not exist, and tables that do not', async () => {
    const url = new URL(inject('postgresUrl'));
    url.pathname = '/not_there';
    expect(await failureOf(url.href)).toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
      message: expect.stringContaining('createdb'),
    });
    const empty = await createDatabase();
    const database = openDatabase(empty.url);
    await expect(createRolloutStore(database).list({})).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('no Tidegate tables'),
    });
    await database.close();
    await empty.drop();
  });

  test('is told: not a URL, without repeating it', () => {
    expect(() => openDatabase('top secret')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => openDatabase('top secret')).not.toThrow(/top secret/);
  });
});

describe('a server that accepts and is silent', () => {
  let hole: Server;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    hole = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    hole.close();
  });

  test('is given up within seconds, in the pool, at migration and while listening', async () => {
    const url = `postgres://ada@127.0.0.1:${(hole.address() as AddressInfo).port}/tidegate`;
    const database = openDatabase(url);
    const started = Date.now();
    const states: ListenState[] = [];
    const listener = listen(
      url,
      'c',
      () => undefined,
      (state) => states.push(state),
    );
    const answers = await Promise.allSettled([database.check(), migrate(url)]);
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'POSTGRES_UNREACHABLE' } });
    expect(Date.now() - started).toBeLessThan(4000);
    await vi.waitFor(() => expect(states).toMatchObject([{ kind: 'disconnected' }]), 4000);
    await listener.stop();
    await database.close();
  });
});

test('ten processes that start at once migrate once, and again changes nothing', async () => {
  const fresh = await createDatabase();
  await Promise.all(Array.from({ length: 10 }, () => migrate(fresh.url)));
  await migrate(fresh.url);
  const database: Database = openDatabase(fresh.url);
  const applied = await database.run((queries) =>
    queries.execute(sql`select hash from drizzle.__drizzle_migrations`),
  );
  expect(new Set(applied.rows.map(({ hash }) => hash)).size).toBe(applied.rows.length);
  await database.close();
  await fresh.drop();
});

test('more work than connections waits in line and is all done', async () => {
  const fresh = await createDatabase();
  const database = openDatabase(fresh.url, { max: 2 });
  const slow = () => database.run((queries) => queries.execute(sql`select pg_sleep(0.05)`));
  await Promise.all(Array.from({ length: 20 }, slow));
  await database.close();
  await fresh.drop();
});

test('a statement that takes too long is ended', async () => {
  const database = openDatabase(inject('postgresUrl'), { statementTimeoutMs: 200 });
  const slow = database.run((queries) => queries.execute(sql`select pg_sleep(30)`));
  await expect(slow).rejects.toMatchObject({
    code: 'POSTGRES_UNREACHABLE',
    message: expect.stringContaining('in time'),
  });
  await database.check();
  await database.close();
});
