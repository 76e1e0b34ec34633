import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../store/connection.ts';
import { createFlagStore } from '../../store/flags.ts';
import { type ApiServer, startApiServer } from '../../test/fixtures/api-server.ts';

const FLAGS = 120;

let server: ApiServer;
/** As another process has it: neither its flags nor its latches are the server's. */
let elsewhere: Database;
beforeAll(async () => {
  server = await startApiServer();
  elsewhere = openDatabase(server.databaseUrl);
});
afterAll(async () => {
  await elsewhere?.close();
  await server?.close();
});

const first = { environment: 'production', key: 'flag-0' };

/** Flags that each say something else about themselves. */
async function apply(description: string): Promise<{ status: number; body: { items: unknown[] } }> {
  const flags = Array.from({ length: FLAGS }, (_, i) =>
    [
      `  - { key: flag-${i}, kind: boolean, environments: [production]`,
      `expires: 2027-06-30`,
      `description: ${description} }`,
    ].join(', '),
  );
  const response = await server.api('/flag-file', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      by: 'ada',
      roles: [],
      text: `flags:\n${flags.join('\n')}\n`,
      file: 'f.yaml',
      reason: 'r',
    }),
  });
  return { status: response.status, body: (await response.json()) as { items: unknown[] } };
}

/** Until the file being applied holds the first flag. */
async function held(): Promise<void> {
  const free = async () => {
    const row = sql`select 1 from flags where key = ${first.key} for update skip locked`;
    return (await elsewhere.run((queries) => queries.execute(row))).rows.length;
  };
  await expect.poll(free, { timeout: 20_000, interval: 2 }).toBe(0);
}

test('a kill and a rollback do not wait for a file that is being applied, which is applied all the same', async () => {
  const store = createFlagStore(elsewhere);
  expect((await apply('one')).status).toBe(200);
  const { shape } = (await store.read(first)) ?? {};
  if (shape === undefined) throw new Error('there is no flag');
  await store.claim(first, shape, 'r-1');
  const raise = { rolloutId: 'r-1', epoch: 1, author: 'r-1', reason: 'r' };
  const exposure = (percent: number) => ({ percent, segments: [], variant: null });
  const up = {
    ...first,
    ...raise,
    exposure: exposure(25),
    direction: 'raise' as const,
    expectedRevision: null,
  };
  expect(await store.write(up)).toMatchObject({ kind: 'written' });

  let over = false;
  const applied = apply('two').finally(() => {
    over = true;
  });
  await held();
  const lowered = await store.write({ ...up, exposure: exposure(5), direction: 'lower' });
  expect([lowered.kind, over]).toEqual(['written', false]);
  await held();
  const latch = { by: 'eve', reason: 'errors', at: new Date().toISOString() };
  expect((await store.kill(first, null, latch)).exposure.percent).toBe(0);
  expect(over).toBe(false);

  const { status, body } = await applied;
  expect([status, body.items.length]).toEqual([200, FLAGS]);
  const flag = await store.read(first);
  expect(flag).toMatchObject({
    latch: { by: 'eve' },
    exposure: { percent: 0 },
    spec: { description: 'two' },
  });
}, 60_000);
