import { expect, test } from 'vitest';
import { createDatabase } from '../test/fixtures/database.ts';
import { openDatabase } from './connection.ts';
import { migrate } from './migrate.ts';
import { type Notice, openNotices } from './notices.ts';
import { createRolloutStore } from './rollouts.ts';

test('who lists rollouts is told of one that is new, of an amended plan and of one that is gone, before any worker writes', async () => {
  const postgres = await createDatabase();
  await migrate(postgres.url);
  const database = openDatabase(postgres.url);
  const store = createRolloutStore(database);
  const notices = openNotices(postgres.url);
  const heard: Notice[] = [];
  notices.on((notice) => heard.push(notice));
  const told = (rolloutId: string, times: number) =>
    expect
      .poll(() => heard.filter((one) => one.kind === 'step' && one.rolloutId === rolloutId).length, {
        timeout: 10_000,
        interval: 20,
      })
      .toBe(times);
  // The connection stands: what comes from now on is heard.
  await expect.poll(() => heard.some(({ kind }) => kind === 'all'), { timeout: 10_000 }).toBe(true);

  const common = { environment: 'production', service: null, text: '', plan: {}, submittedBy: 'ada' };
  const { id } = await store.create({ ...common, name: 'cart', flag: 'cart' });
  await told(id, 1);
  const plan = { mode: 'act' };
  const revision = { rolloutId: id, revision: 2, text: 'b', plan, by: 'ada', approvedBy: null, reason: null };
  await store.amend({ ...revision, at: 1, after: null });
  await told(id, 2);
  await store.discard(id);
  await told(id, 3);

  await notices.stop();
  await database.close();
  await postgres.drop();
});
