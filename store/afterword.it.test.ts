import { afterAll, beforeAll, expect, test } from 'vitest';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import type { JournalEntry, Transition } from '../plans/journal.ts';
import type { RolloutView } from '../plans/view.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import { type Database, openDatabase } from './connection.ts';
import { migrate } from './migrate.ts';
import { createOutbox } from './outbox.ts';
import { createRolloutStore } from './rollouts.ts';
import type { RolloutStore } from './store.ts';

let server: TestDatabase;
let database: Database;
let store: RolloutStore;

beforeAll(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url);
  store = createRolloutStore(database);
});

afterAll(async () => {
  await database.close();
  await server.drop();
});

const cause: JournalEntry['cause'] = { kind: 'person', by: 'ada', roles: [], reason: 'mended' };

function entry(rolloutId: string, seq: number, transition: Transition): JournalEntry {
  const flag = { flagBefore: null, flagAfter: null, exposure: NO_EXPOSURE };
  const said = { summary: `${transition} ${seq}`, evidence: null, queries: [] };
  return { rolloutId, seq, at: seq, transition, stage: '5%', cause, ...flag, ...said };
}

/** Ended at line 3. */
async function ended(name: string): Promise<RolloutView> {
  const { id } = await store.create({
    name,
    flag: name,
    environment: 'production',
    service: null,
    text: '',
    plan: {},
    submittedBy: 'ada',
  });
  const view = exampleView({ id, phase: 'rolled-back', endedAt: 1, seq: 3 });
  const entries = [1, 2, 3].map((seq) => entry(id, seq, seq === 3 ? 'rolled-back' : 'note'));
  await store.record({ entries, notifications: [], view });
  return view;
}

const seqs = async (id: string) =>
  (await store.journal(id)).map(({ seq, transition }) => `${seq} ${transition}`).slice(2);

test('the line of a successor stands behind the end, once', async () => {
  const { id } = await ended('once');
  const line = { rolloutId: id, at: 9, transition: 'retried', cause, summary: 'once-2 retries it.' } as const;
  await store.afterword(line);
  await store.afterword(line);
  expect(await seqs(id)).toEqual(['3 rolled-back', '4 retried']);
  expect((await store.get(id))?.view?.seq).toBe(4);
  await expect(store.afterword({ ...line, rolloutId: 'nobody-1' })).resolves.toBeUndefined();
});

test('what the rollout itself still says behind its end goes on after it, with its message, once', async () => {
  const view = await ended('late');
  const { id } = view;
  await store.afterword({
    rolloutId: id,
    at: 9,
    transition: 'retried',
    cause,
    summary: 'late-2 retries it.',
  });
  const verified = entry(id, 4, 'rollback-verified');
  const rollout = {
    name: id,
    title: null,
    environment: 'production',
    flag: 'late',
    owner: null,
    ticket: null,
  };
  const notification = {
    rolloutId: id,
    seq: 4,
    at: 4,
    event: 'rollback-verified' as const,
    channel: 'chat',
    title: '',
    summary: '',
    rollout: { ...rollout, stage: null, percent: 0 },
    evidence: null,
    actions: [],
  };
  const record = { entries: [verified], notifications: [notification], view: { ...view, seq: 4 } };
  await store.record(record);
  await store.record(record);
  expect(await seqs(id)).toEqual(['3 rolled-back', '4 retried', '5 rollback-verified']);
  expect((await createOutbox(database).of(id)).map((row) => row.notification.seq)).toEqual([5]);
  expect((await store.get(id))?.view?.seq).toBe(5);
});
