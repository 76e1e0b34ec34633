import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../plans/failures.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

const post = (path: string, body: object) =>
  server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** A rollout that has not begun. */
async function waiting(flag: string): Promise<string> {
  const reply = await post('/rollouts', { text: planFor(flag), by: 'sam' });
  const { id } = (await reply.json()) as { id: string };
  const view = await server.engine.view(id);
  await server.engine.step({ ...view, phase: 'submitted', stage: null });
  return id;
}

describe('what is told of a rollout before it begins', () => {
  it('is kept by its kind, with who told it, and the rollout looks again', async () => {
    const id = await waiting('told-flag');
    const first = await post(`/rollouts/${id}/evidence`, { kind: 'tests', ok: false, by: 'ci' });
    expect(await first.json()).toMatchObject({
      asked: true,
      evidence: [{ kind: 'tests', ok: false, by: 'ci' }],
    });
    await post(`/rollouts/${id}/evidence`, {
      kind: 'tests',
      ok: true,
      by: 'ci',
      url: 'https://ci.example.com/7',
    });
    await post(`/rollouts/${id}/evidence`, { kind: 'sign-off', ok: true, by: 'ada' });
    const all = await (await server.api(`/rollouts/${id}/evidence`)).json();
    expect(all).toMatchObject({
      id,
      evidence: [
        { kind: 'sign-off', ok: true, by: 'ada', url: null },
        { kind: 'tests', ok: true, by: 'ci', url: 'https://ci.example.com/7' },
      ],
    });
    expect(server.engine.told.filter((line) => line.startsWith(`recheck ${id}`))).toEqual([
      `recheck ${id} by ci: tests: not ok accept -`,
      `recheck ${id} by ci: tests: ok, https://ci.example.com/7 accept -`,
      `recheck ${id} by ada: sign-off: ok accept -`,
    ]);
  });

  it('is kept also where the rollout cannot be asked to look again at once', async () => {
    const id = await waiting('busy-flag');
    server.engine.refusal = new Failure('NOT_WAITING', 'they are being asked');
    const reply = await post(`/rollouts/${id}/evidence`, { kind: 'runbook', ok: true, by: 'ada' });
    server.engine.refusal = null;
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ asked: false, evidence: [{ kind: 'runbook' }] });
  });

  it('is refused of one that has begun, and of a kind that there is not', async () => {
    const reply = await post('/rollouts', { text: planFor('begun-flag'), by: 'sam' });
    const { id } = (await reply.json()) as { id: string };
    expect((await post(`/rollouts/${id}/evidence`, { kind: 'tests', ok: true })).status).toBe(409);
    expect((await post(`/rollouts/${id}/evidence`, { kind: 'weather', ok: true })).status).toBe(400);
    expect((await post('/rollouts/none/evidence', { kind: 'tests', ok: true })).status).toBe(404);
  });
});

describe('a forecast', () => {
  it('stands in the answer of a rollout', async () => {
    const reply = await post('/rollouts', { text: planFor('forecast-flag'), by: 'sam' });
    const { id } = (await reply.json()) as { id: string };
    const status = await (await server.api(`/rollouts/${id}`)).json();
    expect(status).toMatchObject({
      forecast: { goal: null, earliest: expect.any(Number), waitsFor: expect.any(Array) },
    });
  });
});

describe('a plan with names of tidegate.yaml', () => {
  it('is refused where tidegate.yaml has no such list of holidays, and asks nothing that it does not name', async () => {
    const text = `${planFor('named-flag')}windows: { holidays: mars }\n`.replace(
      '{ name: 100%, percent: 100, bake: 1h }',
      '{ name: 100%, percent: 100, bake: 1h, checks: [{ name: a, http: { url: "http://169.254.169.254/" } }, { name: b, command: [rm] }] }',
    );
    const reply = (await (await post('/plans/check', { text })).json()) as { errors: string[] };
    expect(reply.errors.join('\n')).toContain('"169.254.169.254" is not in `checks.hosts`');
    expect(reply.errors.join('\n')).toContain('"rm" is not in `checks.commands`');
    expect(reply.errors.join('\n')).toContain('"mars" is not in `holidays`');
  });
});
