import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { flagState } from '../test/fixtures/flag-state.ts';

let server: ApiServer;
let source: string;
const git = promisify(execFile);

beforeAll(async () => {
  server = await startApiServer();
  source = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
  for (const [environment, key] of [
    ['production', 'a'],
    ['staging', 'a'],
    ['production', 'b'],
  ] as const)
    await server.flagStore.claim({ environment, key }, flagState(0, 0).shape, `r-${environment}-${key}`);
  await vi.waitUntil(() => server.flagService.flags('production').length === 2);
  await vi.waitUntil(() => server.flagService.flags('staging').length === 1);
});
afterAll(async () => {
  await server.close();
  await rm(source, { recursive: true });
});

const tidegate = (...args: string[]) =>
  startCommand(args, { cwd: server.dataDir, env: { TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' } })
    .ended;
const send = (path: string, body: object, token = server.token) =>
  fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const body = async (response: Promise<Response>): Promise<{ token: string; reports: object[] }> =>
  JSON.parse(await (await response).text());
const reports = async (key: string) => (await body(server.api(`/flags/${key}/references`))).reports;

test('a build reports what names each flag, by repository and commit; the last report counts', async () => {
  await writeFile(join(source, 'a.ts'), "const A = 'a';\nif (on(A)) x();\n");
  await git('git', ['init', '-q'], { cwd: source });
  await git('git', ['remote', 'add', 'origin', 'git@example.com:team/shop.git'], { cwd: source });
  await git('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'a', '--allow-empty'], {
    cwd: source,
  });
  const { stdout } = await git('git', ['rev-parse', 'HEAD'], { cwd: source });
  const ran = await tidegate('flags', 'references', '--source', source, '--report');
  expect(ran).toMatchObject({ status: 0, err: '' });
  expect(ran.out).toMatch(/reported for shop at [0-9a-f]{10}: 2 flags/);
  expect(await reports('a')).toEqual([
    { repository: 'shop', count: 2, commit: stdout.trim(), by: 'ada', at: expect.any(Number) },
  ]);
  expect(await reports('b')).toMatchObject([{ count: 0 }]);
  expect(await tidegate('flags', 'references', 'a', source, '--none')).toMatchObject({ status: 1, err: '' });
  expect(await tidegate('flags', 'references', 'a', source)).toMatchObject({ status: 0 });
  expect(await tidegate('flags', 'references', 'b', source, '--none')).toMatchObject({ status: 0 });
  await writeFile(join(source, 'a.ts'), 'x();\n');
  await tidegate('flags', 'references', 'a', source, '--report', '--commit', 'c2');
  await tidegate('flags', 'references', 'a', source, '--report', '--repository', 'web', '--commit', 'c3');
  expect(await reports('a')).toMatchObject([
    { repository: 'shop', count: 0, commit: 'c2' },
    { repository: 'web', count: 0, commit: 'c3' },
  ]);
});

test('who may submit plans for all environments of a flag may report; others and unknown flags are refused', async () => {
  const tokenFor = async (name: string, grant: string): Promise<string> =>
    (await body(send('/tokens', { name, grants: [grant] }))).token;
  const build = await tokenFor('build', 'submitter');
  expect((await send('/flags/a/references', { count: 1 }, build)).status).toBe(200);
  expect(await reports('a')).toContainEqual(expect.objectContaining({ repository: 'default', by: 'build' }));
  const local = await tokenFor('local', 'submitter@staging');
  expect((await send('/flags/a/references', { count: 0 }, local)).status).toBe(403);
  expect((await send('/flags/b/references', { count: 0 }, await tokenFor('eve', 'viewer'))).status).toBe(403);
  expect((await send('/flags/none/references', { count: 0 }, build)).status).toBe(404);
  expect((await send('/flags/a/references', { count: -1 }, build)).status).toBe(400);
});
