import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../plans/failures.ts';
import { AMENDMENT_WAITS } from '../rollout/blockers.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
let sql: pg.Client;
beforeAll(async () => {
  server = await startApiServer();
  sql = new pg.Client({ connectionString: server.databaseUrl });
  await sql.connect();
}, 60_000);
afterAll(async () => {
  await sql?.end();
  await server?.close();
});

interface Reply {
  id?: string;
  code?: string;
  details?: string[];
  warnings?: string[];
  findings?: unknown[];
  allowed?: unknown[];
}

async function post(path: string, body: object): Promise<{ status: number; body: Reply }> {
  const reply = await server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: 'ada', roles: [], ...body }),
  });
  return { status: reply.status, body: (await reply.json()) as Reply };
}

const submit = (text: string) => post('/rollouts', { text, file: 'p.yaml' });
const requiring = (name: string, rollout: string, more = '') =>
  `${planFor(name)}\nrequires: [{ rollout: ${rollout}${more} }]\n`;

test('a plan may require what nobody has submitted yet, and is told so', async () => {
  const { status, body } = await submit(requiring('early', 'late'));
  expect(status).toBe(201);
  expect(body.warnings).toContainEqual(
    expect.stringMatching(/requires\[0\]: there is no rollout of late in production yet.*PLAN-REQUIRES-OPEN/),
  );
  const allowed = await post('/plans/check', {
    by: undefined,
    roles: undefined,
    text: `${requiring('early-2', 'late')}allow: [{ rule: PLAN-REQUIRES-OPEN, reason: it comes tomorrow }]\n`,
  });
  expect(JSON.stringify(allowed.body.findings)).not.toContain('PLAN-REQUIRES-OPEN');
  expect(JSON.stringify(allowed.body.allowed)).toContain('it comes tomorrow');
});

test('one that could never get so far is named, one that can is not', async () => {
  await submit(planFor('small'));
  const of = async (more: string) =>
    JSON.stringify((await submit(requiring(`of-${more.length}`, 'small', more))).body.warnings);
  expect(await of(', reached: { stage: sixth }')).toContain('the plan of small-1 never reaches stage sixth');
  expect(await of(', reached: 5%')).not.toContain('PLAN-REQUIRES-OPEN');
});

test('plans that wait for each other are refused, at the submit and when one is amended, with the circle named', async () => {
  const first = await submit(requiring('hen', 'egg'));
  const egg = await submit(requiring('egg', 'hen'));
  expect(egg).toMatchObject({ status: 422, body: { code: 'PLAN_INVALID' } });
  expect(egg.body.details).toEqual([
    expect.stringMatching(
      /^p\.yaml:\d+:\d+: requires\[0\]: none of these could go on: stage 5% of egg waits until hen-1 has reached its end, stage 5% of hen-1 waits until egg has reached its end\. Instead: let one of them go first/,
    ),
  ]);
  const plain = await submit(planFor('egg'));
  expect(plain.status).toBe(201);
  const amended = await post(`/rollouts/${plain.body.id}/amend`, {
    text: requiring('egg', 'hen'),
    file: 'p.yaml',
    reason: 'order',
  });
  expect(amended.body).toMatchObject({ code: 'PLAN_INVALID' });
  expect(first.status).toBe(201);
});

test('two that come at once and wait for each other do not both begin: one is refused with the circle', async () => {
  for (const round of [1, 2, 3]) {
    const [sun, moon] = [`sun-${round}`, `moon-${round}`];
    const both = await Promise.all([submit(requiring(sun, moon)), submit(requiring(moon, sun))]);
    const begun = both.filter(({ status }) => status === 201);
    const refused = both.filter(({ status }) => status !== 201);
    expect([begun.length, refused.length]).toEqual([1, 1]);
    expect(refused[0]?.body).toMatchObject({ code: 'PLAN_INVALID' });
    expect(refused[0]?.body.details?.join(' ')).toContain('none of these could go on');
    // Nothing is left behind: it can come again once it asks for less.
    const again = refused[0] === both[0] ? sun : moon;
    expect((await submit(planFor(again))).status).toBe(201);
  }
});

describe('two that run and are amended to wait for each other', () => {
  const begun = async (name: string): Promise<string> => (await submit(planFor(name))).body.id ?? '';
  const amend = (id: string, text: string) =>
    post(`/rollouts/${id}/amend`, { text, file: 'p.yaml', reason: 'order' });

  test('at once do not both come to wait: one is refused with the circle', async () => {
    for (const round of [1, 2, 3]) {
      const [day, night] = [`day-${round}`, `night-${round}`];
      const ids = [await begun(day), await begun(night)] as const;
      const both = await Promise.all([
        amend(ids[0], requiring(day, night)),
        amend(ids[1], requiring(night, day)),
      ]);
      expect(both.map(({ status }) => status).toSorted()).toEqual([200, 422]);
      const refused = both.find(({ status }) => status === 422);
      expect(refused?.body).toMatchObject({ code: 'PLAN_INVALID' });
      expect(refused?.body.details?.join(' ')).toContain('none of these could go on');
    }
  });

  test('also while the first waits for a second person, and no longer once that is refused', async () => {
    const [hill, dale] = [await begun('hill'), await begun('dale')];
    const kept = server.rollouts.amend;
    // The workflow keeps it to itself until somebody agrees.
    server.rollouts.amend = async () => undefined;
    expect((await amend(hill, requiring('hill', 'dale'))).status).toBe(200);
    server.rollouts.amend = kept;
    const blocker = { kind: 'approval' as const, text: AMENDMENT_WAITS, until: null, roles: [] };
    const view = await server.engine.view(hill);
    await server.engine.step({ ...view, blockers: [blocker] });
    await sql.query("update proposed_plans set at = now() - interval '1 day'");
    expect((await amend(dale, requiring('dale', 'hill'))).status).toBe(422);
    await server.engine.step({ ...(await server.engine.view(hill)), blockers: [] });
    expect((await amend(dale, requiring('dale', 'hill'))).status).toBe(200);
  });

  test('not where the rollout itself refuses the first', async () => {
    const [sea, land] = [await begun('sea'), await begun('land')];
    const { amend: taken } = server.engine;
    server.engine.amend = async () => {
      throw new Failure('AMEND_REFUSED', 'no');
    };
    expect((await amend(sea, requiring('sea', 'land'))).body).toMatchObject({ code: 'AMEND_REFUSED' });
    server.engine.amend = taken;
    expect((await amend(land, requiring('land', 'sea'))).status).toBe(200);
  });
});
