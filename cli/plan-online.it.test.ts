import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChecksConfig } from '../checks/config.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { type Outcome, startCommand } from '../test/fixtures/command.ts';
import { tokenFor } from '../test/fixtures/console-visit.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';

let crm: TestDatabase;
let server: ApiServer;
beforeAll(async () => {
  crm = await createDatabase();
  server = await startApiServer({ checks: ChecksConfig.parse({ databases: { crm: { url: crm.url } } }) });
  const query = "values ('acme'), ('hooli'), ('stark')";
  const text = planFor('asked').replace(
    '  - { name: 5%',
    `  - { name: gold, waves: { size: 2, from: { database: crm, query: "${query}" } }, bake: 1h }\n  - { name: 5%`,
  );
  await writeFile(join(server.dataDir, 'plan.yaml'), text);
  await writeFile(join(server.dataDir, 'wrong.yaml'), text.replace('database: crm', 'database: hr'));
}, 60_000);
afterAll(async () => {
  await server?.close();
  await crm?.drop();
});

const check = (file: string, ...more: string[]): Promise<Outcome> =>
  startCommand(['plan', 'check', file, '--server', server.url, ...more], { cwd: server.dataDir }).ended;

test('offline says that only the server can ask for tenants', async () => {
  const { status, out } = await check('plan.yaml');
  expect(status).toBe(0);
  expect(out).toContain(
    'the tenants of stage gold stand in the database crm, which only the server can ask: --online',
  );
}, 60_000);

test('online says what only the server knows: tenants, names of tidegate.yaml, queries', async () => {
  const { status, out } = await check('plan.yaml', '--online');
  expect(status).toBe(0);
  expect(out).toMatch(
    /plan\.yaml: Stage gold has 3 tenants, in 2 waves, from crm: .*: acme, hooli \| stark\.\n/,
  );
  expect(out).toContain('    why: ');
  const wrong = await check('wrong.yaml', '--online', '--json');
  expect(wrong.status).toBe(1);
  const [plan] = (JSON.parse(wrong.out) as { plans: { findings: object[] }[] }).plans;
  expect(plan?.findings).toContainEqual(
    expect.objectContaining({
      rule: 'PLAN-NAME',
      file: 'wrong.yaml',
      place: expect.objectContaining({ line: 8 }),
    }),
  );
  server.findings.push({ metric: 'errors', query: 'up', kind: 'no-baseline', detail: 'no series' });
  const broken = await check('plan.yaml', '--online');
  server.findings.length = 0;
  expect([broken.status, broken.out]).toEqual([1, expect.stringContaining('errors: no series (up)')]);
}, 60_000);

test('online tries neither queries nor tenants for whoever may not submit there, and says so', async () => {
  const token = await tokenFor(server, 'vic', ['viewer']);
  const { status, out } = await check('plan.yaml', '--online', '--token', token);
  expect(status).toBe(0);
  expect(out).toContain('queries and tenants were not tried: vic may not submit');
  expect(out).not.toContain('acme');
}, 60_000);
