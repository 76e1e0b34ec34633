import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../plans/journal.ts';
import type { RolloutView } from '../plans/view.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

interface Page {
  rollouts: RolloutView[];
  next: string | null;
}

async function get<T>(path: string, token = server.token): Promise<T> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return (await response.json()) as T;
}

async function refused(path: string): Promise<unknown> {
  return (await server.api(path)).json();
}

async function submit(
  flag: string,
  { environment = 'production', text = planFor(flag, environment), by = 'ada' } = {},
) {
  const headers = { 'content-type': 'application/json' };
  const response = await server.api('/rollouts', {
    method: 'POST',
    headers,
    body: JSON.stringify({ by, text }),
  });
  expect(response.status).toBe(201);
  const { id } = (await response.json()) as { id: string };
  return (await server.rollouts.get(id))?.view as RolloutView;
}

async function tokenFor(name: string, ...grants: string[]): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ name, grants });
  const reply = await server.api('/tokens', { method: 'POST', headers, body });
  return ((await reply.json()) as { token: string }).token;
}

const ids = ({ rollouts }: Page) => rollouts.map(({ id }) => id);

describe('the list', () => {
  test('comes in pages that together have each rollout once, also while others are submitted', async () => {
    for (let i = 0; i < 7; i++) await submit(`paged-${i}`, { environment: 'paging' });
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let page = 0; page === 0 || cursor !== null; page++) {
      const more: string = cursor === null ? '' : `&cursor=${cursor}`;
      const reply: Page = await get(`/rollouts?environment=paging&limit=3${more}`);
      expect(reply.rollouts.length).toBeLessThanOrEqual(3);
      seen.push(...ids(reply));
      cursor = reply.next;
      if (page === 0) await submit('paged-late', { environment: 'paging' });
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((i) => `paged-${i}-1`));
  });

  test('keeps rollouts of one millisecond apart', async () => {
    const one = {
      environment: 'same',
      service: null,
      text: '',
      plan: { stages: [], metadata: {} },
      submittedBy: 'x',
    };
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        server.rollouts.create({ ...one, name: `same${i}`, flag: `same${i}` }),
      ),
    );
    const first = await get<Page>('/rollouts?environment=same&limit=5');
    const second = await get<Page>(`/rollouts?environment=same&limit=100&cursor=${first.next}`);
    expect(new Set([...ids(first), ...ids(second)]).size).toBe(12);
    expect(second.next).toBeNull();
  });

  test('is narrowed by phase, service and words, and refuses what is none', async () => {
    const view = await submit('narrow', { environment: 'narrowed' });
    await submit('narrower', { environment: 'narrowed', by: 'Grace' });
    await server.engine.step({ ...view, phase: 'completed', endedAt: Date.now() });
    expect(ids(await get('/rollouts?environment=narrowed&phase=completed'))).toEqual(['narrow-1']);
    expect(ids(await get('/rollouts?environment=narrowed&phase=completed,active'))).toHaveLength(2);
    expect(ids(await get('/rollouts?environment=narrowed&service=shop'))).toHaveLength(2);
    expect(ids(await get('/rollouts?environment=narrowed&service=other'))).toEqual([]);
    expect(ids(await get('/rollouts?environment=narrowed&q=GRACE%20test'))).toEqual(['narrower-1']);
    expect(ids(await get('/rollouts?environment=narrowed&q=%25'))).toEqual([]);
    expect(ids(await get('/rollouts?q=%00'))).toEqual([]);
    expect(await get('/rollouts/counts?environment=narrowed')).toEqual({
      total: 2,
      phases: {
        submitted: 0,
        active: 1,
        reverting: 0,
        completed: 1,
        'rolled-back': 0,
        rejected: 0,
        abandoned: 0,
        superseded: 0,
      },
      waiting: 0,
    });
    expect(await refused('/rollouts?phase=sleeping')).toMatchObject({ status: 400, code: 'USAGE' });
    expect(await refused('/rollouts?cursor=nonsense')).toMatchObject({ status: 400, code: 'USAGE' });
  });

  test('is searched for words of any letters, also those that stand for something elsewhere', async () => {
    const by = 'Zoë"\\,{NULL}\'%_🙂x';
    await submit('lettered', { environment: 'letters', by });
    await submit('plain', { environment: 'letters' });
    const found = async (q: string) =>
      ids(await get(`/rollouts?environment=letters&q=${encodeURIComponent(q)}`));
    for (const part of [by, 'zoë"', '"\\,', '{NULL}', ',{nu', "'%_", '_🙂x', '🙂x', 'ë', 'lettered zoë'])
      expect({ part, ids: await found(part) }).toEqual({ part, ids: ['lettered-1'] });
    expect(await found('letters')).toHaveLength(2);
    expect(await found('zoé')).toEqual([]);
    expect(await found('x🙂')).toEqual([]);
  });

  test('has those that no worker has taken up yet', async () => {
    const { id } = await server.rollouts.create({
      name: 'fresh',
      flag: 'fresh',
      environment: 'fresh',
      service: null,
      text: '',
      plan: { metadata: {}, stages: [{ name: '5%', percent: 5 }], metrics: [] },
      submittedBy: 'ada',
    });
    const { rollouts } = await get<Page>('/rollouts?environment=fresh');
    expect(rollouts).toMatchObject([{ id, phase: 'submitted', stages: [{ name: '5%', state: 'ahead' }] }]);
  });

  test('shows each reader what it may see, in full pages', async () => {
    for (let i = 0; i < 4; i++) {
      await submit(`seen-${i}`, { environment: 'mine' });
      await submit(`unseen-${i}`, { environment: 'theirs' });
    }
    const token = await tokenFor('half', 'viewer@mine', 'operator/unseen-2');
    const page = await get<Page>('/rollouts?limit=4', token);
    expect(ids(page)).toEqual(['seen-3-1', 'unseen-2-1', 'seen-2-1', 'seen-1-1']);
    expect(ids(await get(`/rollouts?limit=4&cursor=${page.next}`, token))).toEqual(['seen-0-1']);
    expect(await get('/rollouts/counts', token)).toMatchObject({ total: 5 });
  });
});

describe('what waits for a person', () => {
  const waits = (view: RolloutView, roles: string[], kind: 'start-approval' | 'approval' = 'approval') => ({
    ...view,
    blockers: [{ kind, text: `waits for approval by one of ${roles.join(', ')}`, until: 5e12, roles }],
  });
  const needed: Partial<JournalEntry> = { transition: 'approval-needed', at: 1_700_000_000_000 };

  test('is shown to those who may answer it', async () => {
    await server.engine.step(waits(await submit('asking', { by: 'eva' }), ['on-call']), needed);
    await server.engine.step(waits(await submit('leading'), ['lead']), needed);
    const eva = await tokenFor('eva', 'approver:on-call,lead');
    const kim = await tokenFor('kim', 'approver:on-call');
    const op = await tokenFor('op', 'operator');
    const mine = (token: string) => get<{ approvals: { rollout: string }[] }>('/approvals', token);
    expect((await mine(eva)).approvals).toMatchObject([{ rollout: 'leading-1' }]);
    expect((await mine(kim)).approvals).toEqual([
      {
        rollout: 'asking-1',
        title: 'New pricing engine',
        flag: 'asking',
        environment: 'production',
        service: 'shop',
        stage: '5%',
        submittedBy: 'eva',
        seq: 2,
        kind: 'stage',
        text: 'waits for approval by one of on-call',
        roles: ['on-call'],
        since: 1_700_000_000_000,
        until: 5e12,
        actions: ['approve', 'reject'],
      },
    ]);
    expect((await mine(op)).approvals).toEqual([]);
    expect((await get<{ approvals: unknown[] }>('/approvals?for=anyone', op)).approvals).toHaveLength(2);
    expect(ids(await get('/rollouts?waiting=me', kim))).toEqual(['asking-1']);
    expect(ids(await get('/rollouts?waiting=lead', op))).toEqual(['leading-1']);
    expect(ids(await get('/rollouts?waiting=me'))).toEqual(['leading-1', 'asking-1']);
    expect(ids(await get('/rollouts?waiting=me&by=zoe&roles=lead'))).toEqual(['leading-1']);
    expect(ids(await get('/rollouts?waiting=me&limit=1'))).toEqual(['leading-1']);
    const { next } = await get<Page>('/rollouts?waiting=me&limit=1');
    expect(ids(await get(`/rollouts?waiting=me&limit=1&cursor=${next}`))).toEqual(['asking-1']);
    expect(await get('/rollouts/counts')).toMatchObject({ waiting: 2 });
  });

  test('is not asked of who has answered, nor after it is over', async () => {
    const asked = await server.engine.step(waits(await submit('twice'), ['on-call']), needed);
    const max = await tokenFor('max', 'approver:on-call@production/twice');
    expect(ids(await get('/rollouts?waiting=me', max))).toEqual(['twice-1']);
    const cause: JournalEntry['cause'] = { kind: 'person', by: 'max', roles: ['on-call'], reason: null };
    const given = await server.engine.step(asked, { transition: 'approved', cause });
    expect(ids(await get('/rollouts?waiting=me', max))).toEqual([]);
    const again = await server.engine.step(given, needed);
    expect(ids(await get('/rollouts?waiting=me', max))).toEqual(['twice-1']);
    await server.engine.step({ ...again, phase: 'rolled-back', endedAt: Date.now() });
    expect(ids(await get('/rollouts?waiting=me', max))).toEqual([]);
  });

  test('a pause asks operators, a soft stop also those who approve', async () => {
    const pause = { reason: 'errors rose', since: Date.now() - 1000, deadline: 5e12, then: 'step-back' };
    const text = `${planFor('soft')}\napproval: { roles: [lead] }\n`;
    await server.engine.step({ ...(await submit('soft', { text })), pause }, { transition: 'soft-stop' });
    await server.engine.step({ ...(await submit('held')), pause }, { transition: 'paused' });
    const lead = await tokenFor('lead', 'approver:lead@production/soft,held');
    const op = await tokenFor('op2', 'operator@production/soft,held');
    expect((await get<{ approvals: unknown[] }>('/approvals', lead)).approvals).toMatchObject([
      { rollout: 'soft-1', kind: 'difference', roles: ['lead'], since: pause.since, until: 5e12 },
    ]);
    expect((await get<{ approvals: unknown[] }>('/approvals', op)).approvals).toMatchObject([
      { rollout: 'held-1', kind: 'pause', actions: ['resume', 'step-back', 'rollback'] },
      { rollout: 'soft-1', actions: ['approve', 'step-back', 'rollback'] },
    ]);
  });

  test('a traffic split that holds a gate, the point of no return and failed checks are asked too', async () => {
    const blocker = (kind: 'split' | 'point-of-no-return' | 'checks', roles: string[]) => ({
      kind,
      text: `${kind} holds it`,
      until: null,
      roles,
    });
    const at = (flag: string, ...blockers: ReturnType<typeof blocker>[]) =>
      submit(flag, { environment: 'asked' }).then((view) => ({ ...view, blockers }));
    await server.engine.step(await at('split', blocker('split', ['lead'])));
    await server.engine.step(await at('any', blocker('split', [])));
    await server.engine.step(await at('noreturn', blocker('point-of-no-return', ['lead'])));
    const failed = { stage: '100%', state: 'failed' as const, at: Date.now(), answers: [], next: null };
    await server.engine.step({ ...(await at('checks', blocker('checks', []))), checks: failed });
    const kinds = async (token: string) => {
      const { approvals } = await get<{ approvals: { rollout: string; kind: string }[] }>(
        '/approvals',
        token,
      );
      return approvals.map(({ rollout, kind }) => `${rollout} ${kind}`).toSorted();
    };
    const lead = await tokenFor('lea', 'approver:lead@asked');
    const dba = await tokenFor('dan', 'approver:dba@asked');
    const op = await tokenFor('oli', 'operator@asked');
    expect(await kinds(lead)).toEqual(['any-1 split', 'noreturn-1 no-return', 'split-1 split']);
    expect(await kinds(dba)).toEqual(['any-1 split']);
    expect(await kinds(op)).toEqual(['checks-1 checks']);
    const { approvals } = await get<{ approvals: object[] }>('/approvals', dba);
    expect(approvals).toMatchObject([
      { text: 'split holds it', actions: ['approve', 'step-back', 'rollback'] },
    ]);
    expect(await get('/rollouts/counts?environment=asked')).toMatchObject({ waiting: 4 });
  });
});

test('the calendar says when each rollout may go on', async () => {
  const closed = { from: '2000-01-01', to: '2999-01-01' };
  const text = `${planFor('frozen')}\nwindows: { timezone: Europe/Berlin, freezes: [{ from: 2000-01-01, to: 2999-01-01 }] }\n`;
  await submit('frozen', { text });
  await submit('weekly', { text: `${planFor('weekly')}\nwindows: { allow: ['00:00-24:00'] }\n` });
  const { from, to, ...reply } = await get<{ from: number; to: number }>('/windows?days=2');
  expect(to - from).toBe(2 * 86_400_000);
  expect(reply).toEqual({
    freezes: [{ ...closed, timezone: 'Europe/Berlin', rollouts: ['frozen-1'] }],
    rollouts: [
      expect.objectContaining({
        id: 'weekly-1',
        open: true,
        opensAt: null,
        openings: [{ from, to }],
        allow: ['00:00-24:00'],
      }),
      expect.objectContaining({ id: 'frozen-1', open: false, opensAt: expect.any(Number), openings: [] }),
    ],
  });
});

test('the calendar goes by the windows of the stage that opens next', async () => {
  const closed = '{ timezone: Asia/Tokyo, freezes: [{ from: 2000-01-01, to: 2999-01-01 }] }';
  const text = planFor('abroad').replace('percent: 100,', `percent: 100, windows: ${closed},`);
  expect(text).toContain(closed);
  const view = await submit('abroad', { text });
  const seen = async () => {
    const { rollouts } = await get<{ rollouts: { id: string; timezone: string; open: boolean }[] }>(
      '/windows',
    );
    return rollouts.find(({ id }) => id === 'abroad-1');
  };
  expect(await seen()).toBeUndefined();
  const stages = view.stages.map(
    (stage, index) => ({ ...stage, state: index === 0 ? 'now' : 'ahead' }) as const,
  );
  await server.engine.step({ ...view, stage: '5%', stages, phase: 'active' });
  expect(await seen()).toMatchObject({ timezone: 'Asia/Tokyo', open: false });
});

test('channels are named with what they last sent and since when they fail', async () => {
  expect(await get('/channels')).toEqual({
    channels: [
      { name: 'terminal', kind: 'terminal', lastSent: null, waiting: 0, failingSince: null, error: null },
    ],
  });
  const view = await submit('noisy');
  const message = (seq: number) => ({
    rolloutId: view.id,
    seq,
    at: 1_700_000_000_000 + seq,
    event: 'note' as const,
    channel: 'terminal',
    title: 't',
    summary: 's',
    rollout: {
      name: 'noisy',
      title: null,
      environment: 'production',
      flag: 'noisy',
      owner: null,
      ticket: null,
      stage: null,
      percent: 0,
    },
    evidence: null,
    actions: [],
  });
  await server.rollouts.record({ entries: [], notifications: [message(1), message(2)], view });
  const [first] = await server.outbox.take(1, 60_000);
  await server.outbox.sent(first?.id ?? 0);
  const [second] = await server.outbox.take(1, 60_000);
  await server.outbox.failed(second?.id ?? 0, 'HTTP 500', 60_000);
  expect(await get('/channels')).toEqual({
    channels: [
      {
        name: 'terminal',
        kind: 'terminal',
        lastSent: expect.any(Number),
        waiting: 1,
        failingSince: 1_700_000_000_002,
        error: 'HTTP 500',
      },
    ],
  });
});
