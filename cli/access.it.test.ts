import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { type Outcome, startCommand } from '../test/fixtures/command.ts';

let server: ApiServer;
let home: string;

beforeAll(async () => {
  server = await startApiServer();
  home = await mkdtemp(join(tmpdir(), 'tidegate-home-'));
});
afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

/** `where`: the folder it runs in; the server's own has the administrator's token. */
function tidegate(args: string[], given: { where?: string; input?: string } = {}): Promise<Outcome> {
  return startCommand(args, {
    cwd: given.where ?? home,
    env: { TIDEGATE_SERVER: server.url, HOME: home, XDG_CONFIG_HOME: '', XDG_STATE_HOME: '' },
    ...(given.input === undefined ? {} : { input: given.input }),
  }).ended;
}

test('an administrator makes a token, a person logs in with it, and both can tell who they are', async () => {
  const nobody = await tidegate(['list']);
  expect(nobody).toMatchObject({ status: 2, out: '' });
  expect(nobody.err).toMatch(/Nobody is logged in[\s\S]*LOGIN_NEEDED[\s\S]*tidegate login/);

  const made = await tidegate(
    ['tokens', 'create', 'sam', '--grant', 'submitter', '--grant', 'approver:on-call@production', '--json'],
    { where: server.dataDir },
  );
  expect(made.status).toBe(0);
  const { token, id } = JSON.parse(made.out);

  const wrong = await tidegate(['login'], { input: 'tg_wrong\n' });
  expect([wrong.status, wrong.err]).toEqual([2, expect.stringContaining('TOKEN_REFUSED')]);
  const login = await tidegate(['login'], { input: `${token}\n` });
  expect(login.out).toContain(`logged in at ${server.url} as sam`);
  const file = join(home, '.config/tidegate/credentials.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const me = await tidegate(['whoami']);
  expect(me.out).toBe(`sam at ${server.url}\n  submitter\n  approver:on-call@production\n`);
  expect((await tidegate(['list'])).status).toBe(0);
  const forbidden = await tidegate(['tokens', 'list']);
  expect([forbidden.status, forbidden.err]).toEqual([1, expect.stringContaining('PERMISSION_MISSING')]);
  const other = await tidegate(['list', '--token', 'tg_other']);
  expect(other.err).toContain('TOKEN_REFUSED');

  // Somebody who is logged in is that person, also beside the administrator's file.
  expect((await tidegate(['whoami'], { where: server.dataDir })).out).toMatch(/^sam at/);
  const list = await tidegate(['tokens', 'list', '--token', server.token]);
  expect(list.out).toMatch(new RegExp(`${id} +sam +counts .*submitter approver:on-call@production`));
  expect((await tidegate(['tokens', 'revoke', id, '--token', server.token])).status).toBe(0);
  expect((await tidegate(['whoami'])).err).toContain('TOKEN_REFUSED');
  expect((await tidegate(['logout'])).status).toBe(0);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({});
}, 120_000);
