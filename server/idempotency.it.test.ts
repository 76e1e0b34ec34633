import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../store/connection.ts';
import { createIdempotency } from '../store/idempotency.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

async function post(path: string, body: unknown, key?: string, token = server.token) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
  const { status, headers } = response;
  return {
    status,
    headers,
    replayed: headers.get('idempotency-replayed'),
    body: (await response.json()) as { id: string; token: string },
  };
}

async function submit(flag: string): Promise<string> {
  return (await post('/rollouts', { by: 'ada', text: planFor(flag) })).body.id;
}

const told = (id: string) => server.engine.told.filter((line) => line.includes(` ${id} `));

describe('the same request with the same key', () => {
  test('is carried out once and answered the same, also as a structured string', async () => {
    const id = await submit('once');
    const key = randomUUID();
    const first = await post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'lunch' }, key);
    const again = await post(`/rollouts/${id}/actions/pause`, { reason: 'lunch', by: 'ada' }, `"${key}"`);
    expect(first).toMatchObject({ status: 200, replayed: null });
    expect(again).toMatchObject({ status: 200, replayed: 'true', body: first.body });
    expect(told(id)).toHaveLength(1);
  });

  test('submits one rollout, and says where it is again', async () => {
    const key = randomUUID();
    const plan = { by: 'ada', text: planFor('handed-in') };
    const first = await post('/rollouts', plan, key);
    const again = await post('/rollouts', plan, key);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe('/api/v1/rollouts/handed-in-1');
    expect(await post('/rollouts', plan, randomUUID())).toMatchObject({
      status: 409,
      body: { code: 'ROLLOUT_ACTIVE' },
    });
  });

  test('gives a refusal again as well, as what it was', async () => {
    const key = randomUUID();
    const first = await post('/rollouts', { by: 'ada', text: 'no plan' }, key);
    const again = await post('/rollouts', { by: 'ada', text: 'no plan' }, key);
    expect(first).toMatchObject({ status: 422, body: { code: 'PLAN_INVALID' } });
    expect(again).toMatchObject({ status: 422, replayed: 'true', body: first.body });
    expect(again.headers.get('content-type')).toBe('application/problem+json');
  });

  test('with another body is refused, and of somebody else is another one', async () => {
    const id = await submit('other');
    const key = randomUUID();
    await post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'lunch' }, key);
    expect(await post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'tea' }, key)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_MISMATCH' },
    });
    expect((await post(`/rollouts/${id}/actions/resume`, { by: 'ada', reason: 'lunch' }, key)).status).toBe(
      422,
    );
    const { token } = (await post('/tokens', { name: 'kim', grants: ['operator'] })).body;
    expect(await post(`/rollouts/${id}/actions/pause`, { reason: 'tea' }, key, token)).toMatchObject({
      status: 200,
      replayed: null,
    });
    expect(told(id)).toHaveLength(2);
  });

  test('waits for the first, and two at once do it once', async () => {
    const id = await submit('at-once');
    const key = randomUUID();
    const both = await Promise.all(
      [1, 2, 3, 4].map(() => post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'lunch' }, key)),
    );
    for (const reply of both)
      if (reply.status !== 200) expect(reply.body).toMatchObject({ code: 'IDEMPOTENCY_BUSY', status: 409 });
    expect(both.some(({ status }) => status === 200)).toBe(true);
    expect(told(id)).toHaveLength(1);
  });

  test('that could not be carried out is tried anew', async () => {
    const id = await submit('anew');
    const key = randomUUID();
    server.engine.down = true;
    const first = await post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'lunch' }, key);
    server.engine.down = false;
    expect(first).toMatchObject({ status: 503, body: { code: 'TEMPORAL_UNREACHABLE' } });
    expect(await post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'lunch' }, key)).toMatchObject({
      status: 200,
      replayed: null,
    });
  });
});

test('a key that is none, and one where an answer is a secret, are refused', async () => {
  expect(await post('/alerts', {}, 'x'.repeat(300))).toMatchObject({ status: 400 });
  expect(await post('/tokens', { name: 'n', grants: ['viewer'] }, 'k')).toMatchObject({
    status: 400,
    body: { code: 'USAGE', detail: 'This address takes no Idempotency-Key.' },
  });
});

test('a kill does not wait for its key while PostgreSQL is away', async () => {
  await submit('hasty');
  await server.wire.cut();
  try {
    expect(await post('/flags/hasty/kill', { by: 'ada' }, randomUUID())).toMatchObject({
      status: 200,
      body: { offline: true },
    });
  } finally {
    await server.wire.mend();
  }
});

test('what a dead server had begun is left to the next one, and its late answer counts for nothing', async () => {
  const database = openDatabase(server.databaseUrl);
  const store = createIdempotency(database);
  const request = { principal: 'p', key: 'k', hash: 'h' };
  const answer = { status: 200, headers: {}, body: '{}' };
  try {
    await expect.poll(() => store.begin({ ...request, holder: 'a' }, 1)).toEqual({ kind: 'yours' });
    await expect.poll(() => store.begin({ ...request, holder: 'b' }, 60_000)).toEqual({ kind: 'yours' });
    expect(await store.begin({ ...request, holder: 'c' }, 60_000)).toEqual({ kind: 'busy' });
    await store.answer({ ...request, holder: 'a' }, { ...answer, body: 'late' });
    await store.answer({ ...request, holder: 'b' }, answer);
    expect(await store.begin({ ...request, holder: 'd' }, 60_000)).toEqual({ kind: 'answered', answer });
    expect(await store.begin({ ...request, hash: 'other', holder: 'd' }, 60_000)).toEqual({
      kind: 'mismatch',
    });
  } finally {
    await database.close();
  }
});

test('a decision on what is not there any more changes nothing and shows what is', async () => {
  const id = await submit('stale');
  const stale = await post(`/rollouts/${id}/actions/pause`, { by: 'ada', reason: 'old', seq: 0 });
  expect(stale).toMatchObject({
    status: 409,
    body: { code: 'STATE_STALE', current: { id, seq: 1, stage: '5%' } },
  });
  expect(told(id)).toEqual([]);
  const fresh = { by: 'ada', reason: 'new', seq: 1 };
  expect((await post(`/rollouts/${id}/actions/pause`, fresh)).status).toBe(200);
  expect((await post(`/rollouts/${id}/actions/pause`, fresh)).status).toBe(409);
  await post(`/rollouts/${id}/actions/rollback`, { by: 'ada' });
  expect(await post(`/rollouts/${id}/actions/approve`, { by: 'eve' })).toMatchObject({
    status: 409,
    body: { code: 'ROLLOUT_OVER', current: { phase: 'rolled-back' } },
  });
});
