import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChecksConfig } from '../checks/config.ts';
import type { Plan } from '../plans/plan.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { tokenFor } from '../test/fixtures/console-visit.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import type { CheckReply } from './api/plans.ts';
import type { Problem, SubmitReply } from './api.ts';

let crm: TestDatabase;
let sql: pg.Client;
let server: ApiServer;
beforeAll(async () => {
  crm = await createDatabase();
  sql = new pg.Client({ connectionString: crm.url });
  await sql.connect();
  await sql.query('create table customers (tenant text, tier text, users int)');
  await sql.query(
    "insert into customers values ('acme', 'gold', 900), ('hooli', 'gold', 60), ('stark', 'gold', 40), ('wayne', 'free', null)",
  );
  server = await startApiServer({
    checks: ChecksConfig.parse({
      databases: { crm: { url: crm.url }, gone: { url: 'postgres://reader:hunter2@127.0.0.1:1/x' } },
    }),
  });
}, 60_000);
afterAll(async () => {
  await server?.close();
  await sql?.end();
  await crm?.drop();
});

interface Answered<T> {
  status: number;
  body: T;
}

async function post<T>(path: string, body: object, token = server.token): Promise<Answered<T>> {
  const reply = await fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status: reply.status, body: (await reply.json()) as T };
}

const GOLD = "select tenant, users from customers where tier = 'gold' order by tenant";

function planOf(flag: string, waves = `size: 2, from: { database: crm, query: "${GOLD}" }`): string {
  return planFor(flag).replace(
    '  - { name: 5%',
    `  - { name: gold, waves: { ${waves} }, bake: 1h }\n  - { name: 5%`,
  );
}

async function stored(id: string) {
  const row = (await server.rollouts.list({})).find((one) => one.id === id);
  if (row === undefined) throw new Error(`no rollout ${id}`);
  return (row.plan as Plan).stages.map(({ name, audience }) => [name, audience?.tenants]);
}

describe('tenants by a query', () => {
  it('are asked for at the submit: the plan has them, and the journal says who they are', async () => {
    const { status, body } = await post<SubmitReply>('/rollouts', { text: planOf('asked'), by: 'ada' });
    expect(status).toBe(201);
    expect(await stored(body.id)).toEqual([
      ['gold 1/2', ['acme', 'hooli']],
      ['gold 2/2', ['stark']],
      ['5%', undefined],
      ['100%', undefined],
      ['decommission', undefined],
    ]);
    const said =
      /^Stage gold has 3 tenants, in 2 waves, from crm: select .* within [\d.]+ s: acme, hooli \| stark\.$/;
    expect(body.notes).toEqual([expect.stringMatching(said)]);
    expect(server.engine.notes.at(-1)).toEqual([expect.stringMatching(said)]);
  });

  it('are put in waves by the share of the users that they have', async () => {
    const text = planOf('weighed', `share: [5%, 25%, 100%], from: { database: crm, query: "${GOLD}" }`);
    const { body } = await post<SubmitReply>('/rollouts', { text, by: 'ada' });
    expect((await stored(body.id)).slice(0, 3)).toEqual([
      ['gold 1/3', ['stark']],
      ['gold 2/3', ['hooli']],
      ['gold 3/3', ['acme']],
    ]);
  });

  it.each([
    [
      'size: 2, from: { database: crm, query: "select tenant from customers where false" }',
      'names no tenant',
      422,
    ],
    [
      'size: 2, from: { database: crm, query: "select tenant from customers, generate_series(1, 2)" }',
      'twice',
      422,
    ],
    [
      'share: [100%], from: { database: crm, query: "select tenant, users from customers" }',
      'no weight of "wayne"',
      422,
    ],
    [
      'size: 2, from: { database: crm, most: 1, query: "select tenant from customers" }',
      'more than 1 tenants',
      422,
    ],
    [
      'size: 2, from: { database: crm, query: "select nothing from nowhere" }',
      '"nowhere" does not exist',
      502,
    ],
    [
      'size: 2, from: { database: crm, query: "delete from customers returning tenant" }',
      'did not answer',
      502,
    ],
    [
      'size: 2, from: { database: crm, timeout: 0.3s, query: "select pg_sleep(20)::text" }',
      'no answer within 0.3 s',
      502,
    ],
    ['size: 2, from: { database: gone, query: "select 1" }', 'ECONNREFUSED', 502],
  ])('are refused with what is wrong: %s', async (waves, message, wanted) => {
    const text = planOf('refused', waves);
    const { status, body } = await post<Problem>('/rollouts', { text, by: 'ada' });
    expect([status, body.code]).toEqual([wanted, wanted === 422 ? 'PLAN_INVALID' : 'TENANTS_SILENT']);
    expect(body.details).toEqual([expect.stringContaining(message)]);
    expect(body.details[0]).toMatch(/^plan\.yaml:8:\d+: stages\[0\]\.waves\.from: /);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    const checked = await post<CheckReply>('/plans/check', { text, queries: true });
    expect(checked.body).toMatchObject({ ok: false, outlook: null, tenants: [] });
    expect(checked.body.findings).toContainEqual(
      expect.objectContaining({ rule: 'PLAN-TENANTS', line: 8, path: 'stages[0].waves.from' }),
    );
    const { rows } = await sql.query('select count(*)::int as n from customers');
    expect(rows).toEqual([{ n: 4 }]);
  });

  it('of a database that tidegate.yaml does not name are an error of the plan', async () => {
    const text = planOf('unnamed', 'size: 2, from: { database: hr, query: "select 1" }');
    const { body } = await post<CheckReply>('/plans/check', { text });
    expect(body.errors).toEqual([
      expect.stringContaining('stages[0].waves.from.database: "hr" is not in `checks.databases`'),
    ]);
  });

  it('are asked for by a check of whoever may submit there, and by nobody else', async () => {
    const text = planOf('looked');
    const plain = await post<CheckReply>('/plans/check', { text });
    expect(plain.body).toMatchObject({ ok: true, tenants: null });
    expect(plain.body.outlook?.stages[0]).toMatchObject({ name: 'gold', tenantsFrom: 'crm' });
    const asked = await post<CheckReply>('/plans/check', { text, queries: true });
    expect(asked.body.tenants).toMatchObject([{ stage: 'gold', waves: [['acme', 'hooli'], ['stark']] }]);
    expect(asked.body.outlook?.stages.slice(0, 2)).toMatchObject([
      { name: 'gold 1/2', segments: ['tenant=acme', 'tenant=hooli'], tenantsFrom: null },
      { name: 'gold 2/2' },
    ]);
    const viewer = await tokenFor(server, 'vic', ['viewer', 'submitter@staging']);
    expect((await post<Problem>('/plans/check', { text, queries: true }, viewer)).status).toBe(403);
  });

  it('stay as they are in an amendment that asks the same', async () => {
    const { body } = await post<SubmitReply>('/rollouts', { text: planOf('amended'), by: 'ada' });
    await sql.query("insert into customers values ('aaa', 'gold', 1)");
    const text = planOf('amended').replace(
      'name: 5%, percent: 5, bake: 1h',
      'name: 5%, percent: 5, bake: 2h',
    );
    const same = await post<CheckReply>('/plans/check', { text, amends: body.id, queries: true });
    expect(same.body.tenants).toMatchObject([{ seconds: null, waves: [['acme', 'hooli'], ['stark']] }]);
    expect(same.body.differences).toEqual([{ text: 'stages[5%].bake: 3600 → 7200', loosens: false }]);
    await post(`/rollouts/${body.id}/amend`, { text, by: 'ada' });
    expect((await stored(body.id)).slice(0, 2)).toEqual([
      ['gold 1/2', ['acme', 'hooli']],
      ['gold 2/2', ['stark']],
    ]);
    const other = text.replace('size: 2', 'size: 3');
    const anew = await post<CheckReply>('/plans/check', { text: other, amends: body.id, queries: true });
    expect(anew.body.tenants).toMatchObject([{ waves: [['aaa', 'acme', 'hooli'], ['stark']] }]);
    await sql.query("delete from customers where tenant = 'aaa'");
  });
});
