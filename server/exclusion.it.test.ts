import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

async function post(path: string, body: object) {
  const response = await server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: 'ada', roles: ['on-call'], reason: 'they complain', ...body }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

test('whom an exclusion means goes to the rollout as it was named; a segment that nobody knows is refused', async () => {
  const { id } = (await post('/rollouts', { text: planFor('apart'), reason: undefined })).body;
  const asked = (action: string, body: object) => post(`/rollouts/${id}/actions/${action}`, body);
  expect((await asked('exclude', { tenant: 'acme' })).status).toBe(200);
  expect((await asked('exclude', { segment: 'employees' })).status).toBe(200);
  expect((await asked('include', { segment: 'tenant=acme' })).status).toBe(200);
  expect(server.engine.decisions.map(({ who }) => who)).toEqual([
    { tenant: 'acme' },
    { segment: 'employees' },
    { segment: 'tenant=acme' },
  ]);
  expect(await asked('exclude', { segment: 'emploees' })).toMatchObject({
    status: 404,
    body: { code: 'SEGMENT_UNKNOWN' },
  });
  expect(await asked('exclude', { tenant: 'acme', segment: 'employees' })).toMatchObject({
    status: 400,
    body: { code: 'USAGE' },
  });
});

test('a retry begins with whom the earlier rollout had left out, and says so', async () => {
  const { id } = (await post('/rollouts', { text: planFor('kept'), reason: undefined })).body;
  const view = await server.engine.view(id);
  const excluded = [{ name: 'tenant=acme', by: 'ada', reason: 'their totals', at: 1, revision: 4 }];
  await server.engine.step({ ...view, excluded });
  await post(`/rollouts/${id}/actions/rollback`, {});
  await server.flags.release({ environment: 'production', key: 'kept' }, id);
  const retried = await post(`/rollouts/${id}/retry`, { reason: 'mended' });
  expect(retried.status).toBe(201);
  expect(retried.body.notes).toContain(
    'tenant=acme begins off the canary, as ada had it in kept-1: their totals (`tidegate include kept-2` asks for the way back)',
  );
  expect((await server.engine.view('kept-2')).origin).toMatchObject({ excluded });
});
