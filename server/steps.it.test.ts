import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StepLeft } from '../plans/steps.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

async function post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const left = (name: string, kind: StepLeft['kind']): StepLeft => ({
  name,
  kind,
  owner: 'shop',
  due: Date.now() + 1000,
  done: null,
});

test('a step is marked as done once, by name, and one about the code when no build names the flag', async () => {
  const { body } = await post('/rollouts', { text: planFor('stepped') });
  const id = String(body['id']);
  const done = (step: string, more: object = {}) =>
    post(`/rollouts/${id}/steps/${encodeURIComponent(step)}/done`, { by: 'kim', ...more });
  expect(await done('code')).toMatchObject({ status: 404, body: { code: 'STEP_UNKNOWN' } });

  const view = await server.engine.view(id);
  const steps = [left('code', 'code'), left('old hosts', 'infrastructure')];
  await server.engine.step({ ...view, phase: 'completed', endedAt: Date.now(), steps });
  await post('/flags/stepped/references', { by: 'ci', repository: 'shop', count: 2 });
  const held = await done('code');
  expect(held).toMatchObject({ status: 409, body: { code: 'STEP_HELD' } });
  expect(held.body['detail']).toContain('the code still names the flag: 2 in shop');
  await post('/flags/stepped/references', { by: 'ci', repository: 'shop', count: 0 });

  expect(await done('code', { reason: 'merged' })).toMatchObject({
    status: 200,
    body: { id, view: { steps: [{ name: 'code', done: { by: 'kim', reason: 'merged' } }, { done: null }] } },
  });
  expect(await done('code')).toMatchObject({ status: 409, body: { code: 'NOT_WAITING' } });
  expect((await done('old hosts')).status).toBe(200);
  expect((await done('nothing')).body['details']).toEqual(['steps: code, old hosts']);
});
