import { expect, test } from 'vitest';
import { Plan } from '../plans/plan.ts';
import { openDatabase } from '../store/connection.ts';
import { migrate } from '../store/migrate.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import { createDatabase } from '../test/fixtures/database.ts';
import { createRecordActivities } from './records.ts';

test('peers are the older rollouts under way of the same service and environment that move something', async () => {
  const postgres = await createDatabase();
  await migrate(postgres.url);
  const database = openDatabase(postgres.url);
  const store = createRolloutStore(database);
  const create = async (name: string, environment = 'production', service = 'shop', mode = 'act') =>
    (
      await store.create({
        name,
        flag: name,
        environment,
        service,
        text: '',
        plan: { mode },
        submittedBy: 'sam',
      })
    ).id;
  const first = await create('first');
  await create('elsewhere', 'staging');
  await create('other', 'production', 'search');
  await create('watcher', 'production', 'shop', 'observe');
  const second = await create('second');
  const third = await create('third');
  const { findPeers } = createRecordActivities({
    store,
    provider: () => {
      throw new Error('no flag is touched');
    },
    kickNotifications: () => undefined,
  });
  const peers = async (rolloutId: string) => {
    const found = await findPeers({ service: 'shop', rolloutId });
    return Array.isArray(found) ? found.toSorted() : found;
  };
  expect(await peers(first)).toEqual([]);
  expect(await peers(second)).toEqual([first]);
  expect(await peers(third)).toEqual([first, second]);
  const plan = (flag: string, selector: string) =>
    Plan.parse({
      metadata: { name: flag, service: 'cart' },
      flag: { key: flag },
      metrics: [{ name: 'errors', kind: 'gauge', gauge: selector, soft: '+1%' }],
      stages: [{ name: '5%', percent: 5 }],
    });
  const begin = async (flag: string, selector: string) =>
    (
      await store.create({
        name: flag,
        flag,
        environment: 'production',
        service: 'cart',
        text: '',
        plan: plan(flag, selector),
        submittedBy: 'sam',
      })
    ).id;
  const blind = await begin('blind', 'memory');
  const clear = await begin('clear', 'memory{flag="clear"}');
  const last = await begin('last', 'memory{flag="last"}');
  const found = await findPeers({ service: 'cart', rolloutId: last, apart: true });
  expect(found).toEqual({ older: expect.arrayContaining([blind, clear]), mixed: [blind] });
  await database.close();
  await postgres.drop();
});
