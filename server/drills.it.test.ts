import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../store/connection.ts';
import { lastDrill } from '../store/drills.ts';
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

async function submitted(flag: string): Promise<string> {
  const { body } = await post('/rollouts', { text: planFor(flag) });
  return String(body['id']);
}

const metadata = (flag: string): Record<string, unknown> => {
  const document = JSON.parse(server.flagService.document('production').text) as {
    flags: Record<string, { metadata: Record<string, unknown> }>;
  };
  return document.flags[flag]?.metadata ?? {};
};
const broken = (flag: string) => 'tidegate.drill.errorRate' in metadata(flag);

describe('a drill', () => {
  test('breaks the flag at once and no revision, and is mended when it is broken off', async () => {
    const id = await submitted('first');
    await expect.poll(() => metadata('first')['revision']).toBeDefined();
    const before = metadata('first')['revision'];
    const begun = await post(`/rollouts/${id}/drill`, { by: 'kim', reason: 'monthly', latencyMs: 20 });
    expect(begun).toMatchObject({
      status: 201,
      body: { rollout: id, drill: { by: 'kim', touches: 0.25, breakage: { percent: 5, errorRate: 1 } } },
    });
    expect(metadata('first')).toMatchObject({
      revision: before,
      'tidegate.drill.errorRate': 1,
      'tidegate.drill.latencyMs': 20,
      'tidegate.drill.percent': 5,
    });
    const until = Number(metadata('first')['tidegate.drill.until']);
    expect(until).toBeGreaterThan(Date.now());
    expect(until).toBeLessThanOrEqual(Date.now() + 300_000);

    const ended = await post(`/rollouts/${id}/drill/end`, { by: 'kim' });
    expect(ended).toMatchObject({ status: 200, body: { drill: { passed: false } } });
    expect(broken('first')).toBe(false);
    const { drills } = (await (await server.api('/drills?flag=first')).json()) as { drills: unknown[] };
    expect(drills).toMatchObject([{ rolloutId: id, flag: 'first', run: { passed: false } }]);

    const database = openDatabase(server.databaseUrl);
    const found = await database.run((queries) =>
      lastDrill(queries, { environment: 'production', flag: 'first' }),
    );
    const none = await database.run((queries) =>
      lastDrill(queries, { environment: 'staging', flag: 'first' }),
    );
    await database.close();
    expect([found?.passed, none]).toEqual([false, null]);
  });

  test('ends with every change of the flag', async () => {
    const id = await submitted('second');
    await post(`/rollouts/${id}/drill`, {});
    expect(broken('second')).toBe(true);
    await post('/flags/second/kill', { reason: 'real' });
    await expect.poll(() => broken('second')).toBe(false);
    expect((await server.flagStore.read({ environment: 'production', key: 'second' }))?.drill).toBeNull();
  });

  test('ends by itself where everybody who could end it is gone', async () => {
    const id = await submitted('third');
    await post(`/rollouts/${id}/drill`, { within: 5 });
    expect(broken('third')).toBe(true);
    server.engine.down = true;
    await server.wire.cut();
    await expect.poll(() => broken('third'), { timeout: 15_000 }).toBe(false);
    server.engine.down = false;
    await server.wire.mend();
  });

  test('leaves nothing begun where the flag cannot be broken', async () => {
    const id = await submitted('fourth');
    await server.flags.release({ environment: 'production', key: 'fourth' }, id);
    expect(await post(`/rollouts/${id}/drill`, {})).toMatchObject({
      status: 409,
      body: { code: 'FLAG_OWNED' },
    });
    expect(server.engine.told.slice(-2)).toEqual([
      expect.stringContaining(`begins a drill of ${id}`),
      expect.stringContaining(`ends a drill of ${id}`),
    ]);
  });

  test.each([
    [{ percent: 11 }, 'USAGE'],
    [{ errorRate: 0 }, 'USAGE'],
    [{ within: 1 }, 'USAGE'],
  ])('refuses %j', async (body, code) => {
    await submitted(`wrong-${JSON.stringify(body).length}`).catch(() => undefined);
    const { rollouts } = (await (await server.api('/rollouts?limit=1')).json()) as {
      rollouts: { id: string }[];
    };
    expect(await post(`/rollouts/${rollouts[0]?.id}/drill`, body)).toMatchObject({
      status: 400,
      body: { code },
    });
  });
});
