import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

const ada = { by: 'ada', roles: ['on-call'] };

async function post(path: string, body: object) {
  const response = await server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ada, ...body }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function get(path: string) {
  return JSON.parse(await (await server.api(path)).text());
}

/** Rolled back in `100%`; `verified`: its traffic is seen to be back. */
async function rolledBack(flag: string, verified = true): Promise<string> {
  const { id } = (await post('/rollouts', { text: planFor(flag) })).body;
  const { view } = await get(`/rollouts/${id}`);
  await server.engine.step({ ...view, stage: '100%' });
  await post(`/rollouts/${id}/actions/rollback`, { reason: 'complaints' });
  await server.flags.release({ environment: 'production', key: flag }, id);
  const over = await server.engine.view(id);
  const stop = { cause: { kind: 'gate', verdict: 'hard', reason: 'errors' }, transition: 'hard-stop', at: 1 };
  await server.engine.step({ ...over, stop } as never, {
    transition: verified ? 'rollback-verified' : 'note',
  });
  return id;
}

describe('a retry', () => {
  test('begins where it is asked to, and says what had stopped the rollout before', async () => {
    const id = await rolledBack('again');
    const { status, body } = await post(`/rollouts/${id}/retry`, { from: '100%', reason: 'mended' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: 'again-2', of: 'again-1', stage: '100%', changes: [] });
    expect(body.cause).toBe('hard stop by the gate: errors');
    const { view } = await get('/rollouts/again-2');
    expect(view.origin).toEqual({
      kind: 'retry',
      of: 'again-1',
      stage: '100%',
      cause: 'hard stop by the gate: errors',
      reason: 'mended',
      changes: [],
    });
  });

  test('begins at the first stage by itself, with an amended plan', async () => {
    const id = await rolledBack('amended', false);
    const text = planFor('amended').replace('bake: 1h', 'bake: 2h');
    const { body } = await post(`/rollouts/${id}/retry`, { reason: 'mended', text });
    expect(body).toMatchObject({ stage: '5%', changes: ['stages[5%].bake: 3600 → 7200'] });
  });

  test('is refused above what was proven or seen, while the flag is killed, and to whoever may not submit', async () => {
    const unseen = await rolledBack('unseen', false);
    const early = await post(`/rollouts/${unseen}/retry`, { from: '100%', reason: 'mended' });
    expect(early).toMatchObject({ status: 409, body: { code: 'RETRY_UNVERIFIED' } });
    const nowhere = await post(`/rollouts/${unseen}/retry`, { from: '7%', reason: 'mended' });
    expect(nowhere).toMatchObject({ status: 409, body: { code: 'RETRY_REFUSED' } });
    expect(await post(`/rollouts/${unseen}/retry`, {})).toMatchObject({ status: 400 });
    const latched = await rolledBack('latched');
    await post('/flags/latched/kill?environment=production', { reason: 'wrong totals' });
    const killed = await post(`/rollouts/${latched}/retry`, { reason: 'mended' });
    expect(killed).toMatchObject({ status: 409, body: { code: 'FLAG_LATCHED' } });
    await post('/flags/latched/unlock?environment=production', { reason: 'mended' });
    expect((await post(`/rollouts/${latched}/retry`, { reason: 'mended' })).status).toBe(201);
    const { token } = (
      await post('/tokens', { name: 'kim', grants: ['operator', 'viewer'], by: undefined, roles: undefined })
    ).body;
    const response = await fetch(`${server.url}/api/v1/rollouts/${unseen}/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'mended' }),
    });
    expect(response.status).toBe(403);
  });
});

describe('a proposal', () => {
  test('is the plan as it was where nothing was learnt', async () => {
    const id = await rolledBack('proposed');
    expect(await get(`/rollouts/${id}/proposal`)).toEqual({
      id,
      text: planFor('proposed'),
      reasons: [],
      left: [],
    });
  });
});

describe('a bug', () => {
  test('is told to the rollout by who reports it, and is refused without a title or from a file', async () => {
    await post('/rollouts', { text: planFor('buggy') });
    const bug = { title: 'wrong totals', severity: 'critical', url: 'https://bugs.example.com/1' };
    expect((await post('/rollouts/buggy-1/bugs', bug)).status).toBe(202);
    await post('/rollouts/buggy-1/bugs', { title: 'a typo', severity: 'minor' });
    expect(server.engine.told.slice(-2)).toEqual([
      'alert wrong totals firing to buggy-1 about the bug: critical, reported by ada (https://bugs.example.com/1)',
      'alert a typo firing to buggy-1 about the minor-bug: minor, reported by ada',
    ]);
    expect((await post('/rollouts/buggy-1/bugs', { ...bug, title: '' })).status).toBe(400);
    expect((await post('/rollouts/buggy-1/bugs', { ...bug, url: 'file:///etc/passwd' })).status).toBe(400);
  });
});

describe('a newer plan', () => {
  test('says what users will see, and takes the place of the rollout only when that is confirmed', async () => {
    await post('/rollouts', { text: planFor('newer') });
    const text = planFor('newer').replace('percent: 5,', 'percent: 2,');
    const told = await post('/rollouts/newer-1/supersede', { text, reason: 'v3' });
    expect(told.body).toMatchObject({ of: 'newer-1', id: null });
    expect(told.body.sees).toEqual([
      'newer-1 ends. Its flag serves 5 % now.',
      'At once it serves nobody: whoever else has the canary is taken from it.',
      'Then, within its windows, the new plan begins: stage 5%, 2 %.',
    ]);
    expect((await get('/rollouts/newer-1')).view.phase).toBe('active');
    server.engine.told.length = 0;
    const ended = server.engine.act.bind(server.engine);
    server.engine.act = async (id, action, request) => {
      const answer = await ended(id, action, request);
      await server.flags.release({ environment: 'production', key: 'newer' }, id);
      return answer;
    };
    const done = await post('/rollouts/newer-1/supersede', { text, reason: 'v3', confirm: true });
    server.engine.act = ended;
    expect(done.body).toMatchObject({ of: 'newer-1', id: 'newer-2' });
    expect(server.engine.told).toEqual(['supersede newer-1 by ada: v3 accept -']);
    expect((await get('/rollouts/newer-1')).view.phase).toBe('superseded');
    expect((await get('/rollouts/newer-2')).view.origin).toEqual({
      kind: 'supersede',
      of: 'newer-1',
      reason: 'v3',
    });
    expect((await get('/rollouts?phase=superseded')).rollouts).toHaveLength(1);
  });

  test('that is wrong or of another flag moves nothing', async () => {
    await post('/rollouts', { text: planFor('stays') });
    const wrong = {
      text: planFor('stays').replace('percent: 5,', 'percent: 500,'),
      reason: 'v3',
      confirm: true,
    };
    expect((await post('/rollouts/stays-1/supersede', wrong)).body.code).toBe('PLAN_INVALID');
    const other = { text: planFor('elsewhere'), reason: 'v3', confirm: true };
    expect((await post('/rollouts/stays-1/supersede', other)).body.code).toBe('SUPERSEDE_REFUSED');
    expect((await get('/rollouts/stays-1')).view.phase).toBe('active');
  });
});
