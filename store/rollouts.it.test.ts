import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { JournalEntry, Notification } from '../plans/journal.ts';
import type { Phase, RolloutView } from '../plans/view.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { type Database, openDatabase } from './connection.ts';
import { migrate } from './migrate.ts';
import { createOutbox } from './outbox.ts';
import { createRolloutStore } from './rollouts.ts';
import { planRevisions } from './schema.ts';
import type { NewRollout, RolloutStore } from './store.ts';

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

function submission(flag: string, over: Partial<NewRollout> = {}): NewRollout {
  return {
    name: flag,
    flag,
    environment: 'production',
    service: 'shop',
    text: 'stages: []',
    plan: { stages: [] },
    submittedBy: 'ada',
    ...over,
  };
}

function view(id: string, seq: number, phase: Phase = 'active'): RolloutView {
  return {
    id,
    name: id,
    title: null,
    owner: null,
    service: null,
    environment: 'production',
    flag: id,
    phase,
    stage: '5%',
    stages: [],
    exposure: NO_EXPOSURE,
    safeExposure: NO_EXPOSURE,
    flagRevision: 1,
    epoch: 1,
    planRevision: 1,
    submittedBy: 'ada',
    submittedAt: 0,
    stageSince: null,
    endedAt: phase === 'active' ? null : 5000,
    blockers: [],
    next: '',
    pause: null,
    stop: null,
    seq,
  };
}

function entry(rolloutId: string, seq: number, summary = `step ${seq}`): JournalEntry {
  return {
    rolloutId,
    seq,
    at: 1000 * seq,
    transition: 'advanced',
    stage: '5%',
    cause: { kind: 'policy', reason: 'plan' },
    summary,
    exposure: NO_EXPOSURE,
    flagBefore: 1,
    flagAfter: 2,
    evidence: null,
    queries: ['up'],
  };
}

function message(rolloutId: string, seq: number, channel = 'pager'): Notification {
  return {
    rolloutId,
    seq,
    at: 0,
    event: 'advanced',
    channel,
    title: 't',
    summary: 's',
    evidence: null,
    actions: [],
    rollout: {
      name: 'n',
      title: null,
      environment: 'e',
      flag: 'f',
      owner: null,
      ticket: null,
      stage: null,
      percent: 5,
    },
  };
}

describe('a submitted rollout', () => {
  test('gets a readable id that counts up per name', async () => {
    const first = await store.create(submission('counted'));
    await store.record({ entries: [], notifications: [], view: view(first.id, 1, 'completed') });
    const second = await store.create(submission('counted'));
    expect([first.id, second.id]).toEqual(['counted-1', 'counted-2']);
    expect(await store.get('counted-1')).toMatchObject({
      phase: 'completed',
      endedAt: 5000,
      submittedBy: 'ada',
    });
    expect(await store.get('nobody-1')).toBeNull();
  });

  test('is the only one of its flag, however many ask at once', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => store.create(submission('contested', { name: `plan-${n % 7}` }))),
    );
    const created = answers.filter((answer) => answer.status === 'fulfilled');
    expect(created).toHaveLength(1);
    const id = created[0]?.value.id ?? '';
    for (const answer of answers) {
      if (answer.status === 'fulfilled') continue;
      expect(answer.reason).toMatchObject({ code: 'ROLLOUT_ACTIVE', details: [id] });
      expect(answer.reason.message).toContain(id);
    }
  });

  test('of one flag may run in two environments', async () => {
    const [a, b] = await Promise.all([
      store.create(submission('twin')),
      store.create(submission('twin', { environment: 'staging' })),
    ]);
    expect(new Set([a.id, b.id])).toEqual(new Set(['twin-1', 'twin-2']));
  });

  test('can be taken back before its first step, its id is not given again, and not after that step', async () => {
    const lost = await store.create(submission('taken-back'));
    await store.discard(lost.id);
    const next = await store.create(submission('taken-back'));
    expect(next.id).toBe('taken-back-2');
    await store.record({ entries: [entry(next.id, 1)], notifications: [], view: view(next.id, 1) });
    await store.discard(next.id);
    expect(await store.get(next.id)).not.toBeNull();
  });

  test('keeps the evidence that it goes on with, for as long as it is there itself', async () => {
    const evidence = { version: 6, metrics: { errors: { lnFrozen: -1.234567890123456 } } };
    const { id } = await store.create(submission('carrying', { carried: evidence }));
    expect(await store.carried(id)).toEqual(evidence);
    await store.discard(id);
    expect(await store.carried(id)).toBeNull();
    const next = await store.create(submission('carrying'));
    expect(await store.carried(next.id)).toBeNull();
  });

  test('is found by flag, service, environment and phase, the newest first', async () => {
    for (const flag of ['list-a', 'list-b']) await store.create(submission(flag, { service: 'listed' }));
    await store.record({ entries: [], notifications: [], view: view('list-a-1', 1, 'rolled-back') });
    const ids = async (filter: object) => (await store.list(filter)).map((row) => row.id);
    expect(await ids({ service: 'listed' })).toEqual(['list-b-1', 'list-a-1']);
    expect(await ids({ service: 'listed', phases: ['submitted', 'active'] })).toEqual(['list-b-1']);
    expect(await ids({ flag: 'list-a', environment: 'production' })).toEqual(['list-a-1']);
    expect(await ids({ service: 'listed', phases: [] })).toEqual([]);
    expect(await ids({ service: 'listed', limit: 1 })).toEqual(['list-b-1']);
  });

  test('keeps every plan that it has had, the newest as its own, each once', async () => {
    const { id, text, plan } = await store.create(submission('amended'));
    const next = (revision: number, more: object = {}) => ({
      rolloutId: id,
      revision,
      plan: { stages: [`${revision}`] },
      text: `text ${revision}`,
      by: 'ada',
      approvedBy: revision === 2 ? 'kim' : null,
      reason: 'too tight',
      at: 1_700_000_000_000 + revision,
      after: 15 * revision,
      ...more,
    });
    await store.amend(next(2));
    await store.amend(next(2, { text: 'other' }));
    await store.record({ entries: [], notifications: [], view: view(id, 1, 'rolled-back') });
    // The database was away until after the end, and what it missed comes in any order.
    await store.amend(next(4));
    await store.amend(next(3));
    expect(await store.get(id)).toMatchObject({ plan: { stages: ['4'] }, text: 'text 4' });
    expect(await store.planRevisions(id)).toEqual([
      expect.objectContaining({ revision: 1, text, plan, after: null, reason: null }),
      next(2),
      next(3),
      next(4),
    ]);
    await expect(store.amend(next(2, { rolloutId: 'nobody-1' }))).rejects.toMatchObject({
      code: 'ROLLOUT_UNKNOWN',
    });
    expect(await store.planRevisions('nobody-1')).toEqual([]);
  });

  test('of before its plans were kept keeps the one that its first amendment replaces', async () => {
    const { id, text, plan } = await store.create(submission('older'));
    await database.run((queries) => queries.delete(planRevisions).where(eq(planRevisions.rolloutId, id)));
    expect(await store.planRevisions(id)).toEqual([]);
    const by = { by: 'ada', approvedBy: null, reason: null, at: 1, after: 60 };
    await store.amend({ rolloutId: id, revision: 3, plan: {}, text: 'new', ...by });
    expect(await store.planRevisions(id)).toMatchObject([
      { revision: 2, text, plan, after: null },
      { revision: 3, text: 'new', after: 60 },
    ]);
  });
});

describe('a recorded step', () => {
  test('stands there once, whether it is recorded once, twice or by ten at once', async () => {
    const { id } = await store.create(submission('repeated'));
    const step = {
      entries: [entry(id, 1), entry(id, 2)],
      notifications: [message(id, 2)],
      view: view(id, 2),
    };
    await Promise.all(Array.from({ length: 10 }, () => store.record(step)));
    expect(await store.journal(id)).toEqual(step.entries);
    expect(await createOutbox(database).of(id)).toHaveLength(1);
    expect((await store.get(id))?.view).toEqual(step.view);
  });

  test('that contradicts the journal is an error and changes nothing', async () => {
    const { id } = await store.create(submission('contradicted'));
    await store.record({ entries: [entry(id, 1)], notifications: [], view: view(id, 1) });
    const other = {
      entries: [entry(id, 1, 'another story'), entry(id, 2)],
      notifications: [message(id, 2)],
      view: view(id, 2),
    };
    await expect(store.record(other)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await store.journal(id)).toEqual([entry(id, 1)]);
    expect(await createOutbox(database).of(id)).toEqual([]);
    expect((await store.get(id))?.view?.seq).toBe(1);
  });

  test('that comes late does not take the view back', async () => {
    const { id } = await store.create(submission('late'));
    await store.record({ entries: [entry(id, 2)], notifications: [], view: view(id, 2, 'completed') });
    await store.record({ entries: [entry(id, 1)], notifications: [], view: view(id, 1) });
    expect(await store.get(id)).toMatchObject({ phase: 'completed', endedAt: 5000, view: { seq: 2 } });
    expect((await store.journal(id)).map((one) => one.seq)).toEqual([1, 2]);
  });

  test('that ends the rollout frees the flag for the next one', async () => {
    const { id } = await store.create(submission('freed'));
    await expect(store.create(submission('freed'))).rejects.toBeInstanceOf(Failure);
    await store.record({ entries: [], notifications: [], view: view(id, 1, 'rolled-back') });
    expect((await store.create(submission('freed'))).id).toBe('freed-2');
  });

  test('of an unknown rollout, or with an entry of another one, is refused', async () => {
    const { id } = await store.create(submission('mixed'));
    const stranger = { entries: [], notifications: [], view: view('nobody-1', 1) };
    await expect(store.record(stranger)).rejects.toMatchObject({ code: 'ROLLOUT_UNKNOWN' });
    const mixed = { entries: [entry('freed-1', 9)], notifications: [], view: view(id, 1) };
    await expect(store.record(mixed)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('keeps characters that PostgreSQL cannot hold from blocking it', async () => {
    const { id } = await store.create(submission('odd', { text: 'a\0b', submittedBy: 'x\0' }));
    const step = {
      entries: [entry(id, 1, 'why\0 \ud800 \\u0000 ok 😀')],
      notifications: [],
      view: view(id, 1),
    };
    await store.record(step);
    await store.record(step);
    expect((await store.journal(id))[0]?.summary).toBe('why\uFFFD \uFFFD \\u0000 ok 😀');
  });
});

describe('samples', () => {
  test('come back by time, a window read again stands there once with the later reading', async () => {
    const { id } = await store.create(submission('sampled'));
    const row = (t: number, sample: unknown) => ({
      rolloutId: id,
      stage: '5%',
      t,
      at: 1000 * t,
      sample,
      assessment: null,
    });
    await store.saveSamples([row(30, 'c'), row(15, 'b'), row(-15, 'history'), row(15.5, 0.1 + 0.2)]);
    await store.saveSamples([row(30, 'd'), row(30, 'e')]);
    await store.saveSamples([]);
    const all = await store.samplePage(id, { after: null, limit: 9 });
    expect(all.map(({ t, sample }) => [t, sample])).toEqual([
      [-15, 'history'],
      [15, 'b'],
      [15.5, 0.1 + 0.2],
      [30, 'e'],
    ]);
    const times = async (after: number | null, limit: number) =>
      (await store.samplePage(id, { after, limit })).map(({ t }) => t);
    expect([await times(null, 2), await times(15, 9)]).toEqual([
      [-15, 15],
      [15.5, 30],
    ]);
    expect(await store.latestSample(id)).toEqual(row(30, 'e'));
    expect(await store.latestSample('nobody-1')).toBeNull();
    await expect(store.saveSamples([{ ...row(1, 1), rolloutId: 'nobody-1' }])).rejects.toMatchObject({
      code: 'ROLLOUT_UNKNOWN',
    });
  });

  test('have a mark that is another one when one of them is written again, added or gone, and of later ones stays', async () => {
    const { id } = await store.create(submission('marked'));
    const row = (t: number) => ({
      rolloutId: id,
      stage: '5%',
      t,
      at: 1000 * t,
      sample: 'a',
      assessment: null,
    });
    expect(await store.sampleMark(id, 100)).toEqual({ rows: 0, versions: 0 });
    await store.saveSamples([row(15), row(30)]);
    const page = await store.samplePage(id, { after: null, limit: 9 });
    const mark = { rows: 2, versions: page.reduce((sum, { version }) => sum + version, 0) };
    expect(await store.sampleMark(id, 30)).toEqual(mark);
    await store.saveSamples([row(45)]);
    expect(await store.sampleMark(id, 30)).toEqual(mark);
    await store.saveSamples([row(15)]);
    const again = await store.sampleMark(id, 30);
    expect(again.rows).toBe(2);
    expect(again.versions).toBeGreaterThan(mark.versions);
    await store.saveSamples([row(20)]);
    expect((await store.sampleMark(id, 30)).rows).toBe(3);
  });
});
