import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../store/connection.ts';
import { FLAGS_CHANNEL } from '../../store/flag-contract.ts';
import { type ApiServer, startApiServer } from '../../test/fixtures/api-server.ts';
import { startCommand } from '../../test/fixtures/command.ts';
import { shape } from '../../test/fixtures/flag-store.ts';
import { FlagsReply } from '../api.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server?.close());

const list = async () => FlagsReply.parse(await (await server.api('/flags')).json()).flags;

test('the list has a flag that never could be served, and says why it is not', async () => {
  await server.flagStore.claim({ environment: 'production', key: 'good' }, shape, 'r-1');
  const database = openDatabase(server.databaseUrl);
  const bad = JSON.stringify({ key: 'bad', spec: { kind: 'sideways' } });
  const notice = JSON.stringify({ environment: 'production', key: 'bad', revision: 1 });
  await database.run((queries) =>
    queries.execute(
      sql`insert into flags select (jsonb_populate_record(f, ${bad}::jsonb)).* from flags f where key = 'good'`,
    ),
  );
  await database.run((queries) => queries.execute(sql`select pg_notify(${FLAGS_CHANNEL}, ${notice})`));
  await database.close();
  const told = async () => (await list()).map(({ key, refused }) => [key, refused]).toSorted();
  await expect.poll(told).toEqual([
    ['bad', expect.stringMatching(/kind/)],
    ['good', null],
  ]);
  const { ended } = startCommand(['flags', '--server', server.url], {
    cwd: '/',
    env: { TIDEGATE_TOKEN: server.token },
  });
  expect((await ended).out).toMatch(/^bad .*\n {2}its definition cannot be served: .*kind/m);
});
