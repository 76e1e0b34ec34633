import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccessStore } from '../../store/access.ts';
import { openDatabase } from '../../store/connection.ts';
import { type ApiServer, planFor, startApiServer } from '../../test/fixtures/api-server.ts';
import { openKeyring } from './keyring.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

/** What the answers that are looked at here have; each has some of it. */
interface Answer {
  code: string;
  hint: string;
  detail: string;
  details: string[];
  id: string;
  token: string;
  csrf: string;
  revokedAt: number | null;
  revokedBy: string | null;
  tokens: { id: string }[];
  view: { submittedBy: string };
  entries: { cause: unknown }[];
}

interface Reply {
  status: number;
  headers: Headers;
  body: Answer;
}

async function ask(
  token: string | null,
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

async function tokenFor(name: string, ...grants: string[]): Promise<{ token: string; id: string }> {
  const { status, body } = await ask(server.token, 'POST', '/tokens', { name, grants });
  expect(status).toBe(201);
  return body;
}

/** Every documented address with its methods; `openapi.json` itself is the only one that is not in it. */
function routes(): [method: string, path: string][] {
  const { paths = {} } = server.app.swagger() as { paths?: Record<string, Record<string, unknown>> };
  const own = Object.entries(paths).filter(([path]) => path.startsWith('/api/v1'));
  return own.flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [
      method.toUpperCase(),
      path
        .replace('/api/v1', '')
        .replace('{action}', 'pause')
        .replaceAll(/\{\w+\}/g, 'first-1'),
    ]),
  );
}

/** What each address takes; all others take nothing. */
const BODIES: Record<string, unknown> = {
  '/rollouts': { text: planFor('x') },
  '/plans/preflights': { text: planFor('x') },
  '/rollouts/first-1/incident/close': { reason: 'over' },
  '/rollouts/first-1/amend': { text: planFor('first') },
  '/rollouts/first-1/bugs': { title: 't', severity: 'minor' },
  '/rollouts/first-1/retry': { reason: 'mended' },
  '/rollouts/first-1/supersede': { text: planFor('first'), reason: 'newer' },
  '/alerts': { name: 'a', scope: 'service', rollout: 'first-1' },
  '/flags/first-1/unlock': { reason: 'r' },
  '/tokens': { name: 'n', grants: ['admin'] },
};

/** Whoever has no token yet must be able to send one; a webhook and Slack have a signature instead. */
const OPEN = new Set([
  'POST /session',
  'GET /session/ways',
  'POST /webhooks/first-1',
  'POST /webhooks/slack',
]);

describe('without a token', () => {
  test('every address answers 401 and says how to get in', async () => {
    await server.app.ready();
    const all: [string, string][] = [...routes(), ['GET', '/openapi.json']];
    expect(all.length).toBeGreaterThan(20);
    for (const [method, path] of all) {
      if (OPEN.has(`${method} ${path}`)) continue;
      const { status, body, headers } = await ask(null, method, path, method === 'GET' ? undefined : {});
      expect({ method, path, status, code: body?.code }).toEqual({
        method,
        path,
        status: 401,
        code: 'LOGIN_NEEDED',
      });
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(body.hint).toContain('tidegate login');
    }
  });

  test.each(['nonsense', `tg_${'0'.repeat(12)}_${'A'.repeat(43)}`, ''])('nor with %j', async (token) => {
    expect(await ask(token, 'GET', '/rollouts')).toMatchObject({
      status: 401,
      body: { code: 'TOKEN_REFUSED' },
    });
  });
});

describe('a token', () => {
  test('with nothing to do here is refused at every address but its own session', async () => {
    // A grant elsewhere: it may look on in an environment that no test uses.
    const { token } = await tokenFor('stranger', 'viewer@elsewhere');
    const own = new Set([
      'GET /session',
      'DELETE /session',
      'POST /session',
      'GET /rollouts',
      'GET /rollouts/counts',
      'GET /approvals',
      'GET /events',
      'GET /windows',
      'GET /channels',
      'GET /flags',
      'GET /registry',
      'POST /session/codes',
      'GET /board',
      'GET /evaluations',
      'GET /drills',
    ]);
    await ask(server.token, 'POST', '/rollouts', { by: 'ada', roles: [], text: planFor('first') });
    for (const [method, path] of routes()) {
      if (own.has(`${method} ${path}`) || OPEN.has(`${method} ${path}`) || path === '/plans/check') continue;
      const at = path.startsWith('/flags/') ? `${path}?environment=production` : path;
      const body = method === 'POST' ? (BODIES[path] ?? {}) : undefined;
      const { status, body: answer } = await ask(token, method, at, body);
      expect({ method, path, status, code: answer?.code }).toEqual({
        method,
        path,
        status: 403,
        code: 'PERMISSION_MISSING',
      });
    }
    expect((await ask(token, 'GET', '/rollouts')).body).toEqual({ rollouts: [], next: null });
    expect((await ask(token, 'GET', '/rollouts/counts')).body).toMatchObject({ total: 0, waiting: 0 });
    expect((await ask(token, 'GET', '/approvals?for=anyone')).body).toEqual({ approvals: [] });
    expect((await ask(token, 'GET', '/windows')).body).toMatchObject({ freezes: [], rollouts: [] });
    expect((await ask(token, 'GET', '/drills')).body).toEqual({ drills: [] });
    expect((await ask(token, 'GET', '/flags')).body).toEqual({ flags: [] });
    expect((await ask(token, 'GET', '/registry')).body).toEqual({ flags: [] });
  });

  test('that may look at everything changes nothing: it is refused at every change', async () => {
    const { token } = await tokenFor('onlooker', 'viewer');
    // Its own session, and questions: what would a plan do, what does a flag say.
    const own = new Set(['POST /session', 'DELETE /session', 'POST /session/codes', 'POST /plans/check']);
    const changes = routes().filter(([method]) => method !== 'GET');
    expect(changes.length).toBeGreaterThan(20);
    const answers: object[] = [];
    const expected: object[] = [];
    for (const [method, path] of changes) {
      if (own.has(`${method} ${path}`) || OPEN.has(`${method} ${path}`)) continue;
      const at = path.startsWith('/flags/') ? `${path}?environment=production` : path;
      const body = method === 'DELETE' ? undefined : (BODIES[path] ?? {});
      const { status, body: answer } = await ask(token, method, at, body);
      answers.push({ method, path, status, code: answer?.code });
      expected.push({ method, path, status: 403, code: 'PERMISSION_MISSING' });
    }
    expect(answers).toEqual(expected);
  });

  test('does what its grants say, there, and in its own name', async () => {
    const sam = await tokenFor('sam', 'submitter@staging', 'approver:on-call');
    const kim = await tokenFor('kim', 'operator/pricing', 'viewer');
    const refused = await ask(sam.token, 'POST', '/rollouts', { text: planFor('pricing') });
    expect(refused).toMatchObject({ status: 403, body: { code: 'PERMISSION_MISSING' } });
    expect(refused.body.detail).toBe('sam may not submit pricing in production.');
    const taken = await ask(sam.token, 'POST', '/rollouts', { text: planFor('pricing', 'staging') });
    expect(taken).toMatchObject({ status: 201, body: { id: 'pricing-1' } });
    expect((await ask(kim.token, 'GET', '/rollouts/pricing-1')).body.view.submittedBy).toBe('sam');

    expect((await ask(sam.token, 'POST', '/rollouts/pricing-1/actions/rollback', {})).status).toBe(403);
    const approved = await ask(sam.token, 'POST', '/rollouts/pricing-1/actions/approve', {});
    expect(approved.status).toBe(200);
    const paused = await ask(kim.token, 'POST', '/rollouts/pricing-1/actions/pause', { reason: 'lunch' });
    expect(paused.status).toBe(200);
    expect(server.engine.told).toEqual(
      expect.arrayContaining([
        'pause pricing-1 by kim: lunch accept -',
        'approve pricing-1 by sam: - accept -',
      ]),
    );
  });

  test('of an application lets people join and leave, shows nobody else, and does nothing more', async () => {
    const segment = {
      name: 'early',
      joinable: true,
      rules: [{ attribute: 'email', operator: 'equals', values: ['a@b'] }],
    };
    await ask(server.token, 'POST', '/segments', { reason: 'test', segment });
    await ask(server.token, 'POST', '/segments/early/join', { key: 'eve' });
    const { token } = await tokenFor('shop-web', 'enroller');
    const joined = await ask(token, 'POST', '/segments/early/join', { key: 'ann' });
    expect(joined).toMatchObject({ status: 200, body: { rules: [], joined: ['ann'], left: [] } });
    expect((await ask(token, 'POST', '/segments/early/leave', { key: 'ann' })).body).toMatchObject({
      joined: [],
      left: ['ann'],
    });
    expect((await ask(token, 'POST', '/segments/early/forget', { key: 'ann' })).status).toBe(200);
    const refused = [
      await ask(token, 'GET', '/segments'),
      await ask(token, 'GET', '/segments/early/revisions'),
      await ask(token, 'POST', '/segments', { reason: 'test', segment }),
      await ask(token, 'POST', '/segments/early/remove', { reason: 'test' }),
      await ask(token, 'POST', '/segments/early/undo', { reason: 'test', to: 1 }),
      await ask(token, 'POST', '/flags/pricing/kill?environment=production', { reason: 'test' }),
      await ask(token, 'GET', '/rollouts'),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
    const viewer = await tokenFor('vera', 'viewer');
    expect((await ask(viewer.token, 'POST', '/segments/early/join', { key: 'ann' })).status).toBe(403);
    expect((await ask(server.token, 'GET', '/segments/early')).body).toMatchObject({ joined: ['eve'] });
  });

  test('speaks for nobody else, and in no role that it was not given', async () => {
    const { token } = await tokenFor('eve', 'submitter', 'approver:on-call');
    const asAda = await ask(token, 'POST', '/rollouts', { by: 'ada', text: planFor('forged') });
    expect(asAda).toMatchObject({ status: 403, body: { detail: 'eve may not act for ada.' } });
    const asLead = await ask(token, 'POST', '/rollouts', {
      roles: ['technical-lead'],
      text: planFor('forged'),
    });
    expect(asLead).toMatchObject({ status: 403, body: { detail: 'eve is no technical-lead there.' } });
  });

  test("of this machine's administrator may, and the journal says through whom", async () => {
    await ask(server.token, 'POST', '/rollouts', { by: 'ada', roles: ['on-call'], text: planFor('local') });
    const { body } = await ask(server.token, 'GET', '/rollouts/local-1/journal');
    expect(body.entries[0]?.cause).toEqual({
      kind: 'person',
      by: 'ada',
      roles: ['on-call'],
      reason: null,
      through: 'local-admin',
    });
  });

  test('is shown once, is listed without its secret, and ends when it is revoked', async () => {
    const { token, id } = await tokenFor('robot', 'viewer');
    const list = await ask(server.token, 'GET', '/tokens');
    const listed = list.body.tokens.find((entry) => entry.id === id);
    expect(listed).toMatchObject({
      name: 'robot',
      grants: ['viewer'],
      createdBy: 'local-admin',
      revokedAt: null,
      revokedBy: null,
    });
    expect(JSON.stringify(list.body)).not.toContain(token.split('_').slice(2).join('_'));
    expect((await ask(token, 'GET', '/session')).body).toMatchObject({ name: 'robot', grants: ['viewer'] });
    const revoked = (await ask(server.token, 'DELETE', `/tokens/${id}`)).body;
    expect(revoked).toMatchObject({ revokedAt: expect.any(Number), revokedBy: 'local-admin' });
    // The first one counts, whoever asks for it again.
    const other = await ask(server.token, 'POST', '/tokens', { name: 'root', grants: ['admin'] });
    const again = await ask(other.body.token, 'DELETE', `/tokens/${id}`);
    expect(again.body).toMatchObject({ revokedAt: revoked.revokedAt, revokedBy: 'local-admin' });
    expect(await ask(token, 'GET', '/session')).toMatchObject({
      status: 401,
      body: { code: 'TOKEN_REFUSED', detail: `The token ${id} of robot was revoked.` },
    });
    expect(await ask(server.token, 'DELETE', '/tokens/nobody')).toMatchObject({
      status: 404,
      body: { code: 'TOKEN_UNKNOWN' },
    });
  });

  test('of an administrator of one environment makes no tokens', async () => {
    const { token } = await tokenFor('half', 'admin@staging');
    const { status } = await ask(token, 'POST', '/tokens', { name: 'more', grants: ['admin'] });
    expect(status).toBe(403);
  });

  test('whose grant is none is refused with what is wrong', async () => {
    const { status, body } = await ask(server.token, 'POST', '/tokens', { name: 'n', grants: ['king'] });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'USAGE' });
    expect(body.details.join()).toMatch(/grants\.0: expected ROLE/);
  });
});

describe('while PostgreSQL is away', () => {
  test('known tokens go on to count, here and after a start, and expired ones do not', async () => {
    const { token } = await tokenFor('night', 'operator');
    const logger = pino({ level: 'silent' });
    const database = openDatabase('postgres://nobody@127.0.0.1:1/none');
    const store = createAccessStore(database);
    await server.wire.cut();
    try {
      expect((await ask(token, 'GET', '/session')).status).toBe(200);
      const options = { store, dataDir: server.dataDir, fixed: [], logger };
      const later = await openKeyring({ ...options, now: () => Date.now() });
      expect(await later.principalOf(token, { loopback: true })).toMatchObject({ name: 'night' });
      const years = await openKeyring({ ...options, now: () => Date.now() + 91 * 86_400_000 });
      await expect(years.principalOf(token, { loopback: true })).rejects.toMatchObject({
        code: 'TOKEN_REFUSED',
        message: expect.stringContaining('has expired'),
      });
      const empty = await openKeyring({
        ...options,
        dataDir: await mkdtemp(join(tmpdir(), 'tidegate-keys-')),
        now: () => Date.now(),
      });
      await expect(empty.principalOf(token, { loopback: true })).rejects.toMatchObject({
        code: 'TOKEN_REFUSED',
      });
    } finally {
      await server.wire.mend();
      await database.close();
    }
  });

  test("the administrator's token of a machine counts on that machine only", async () => {
    const logger = pino({ level: 'silent' });
    const principal = { name: 'local', grants: [], mayActFor: true, tokenId: 'local' };
    const fixed = [{ token: 'x'.repeat(40), loopbackOnly: true, principal }];
    const store = createAccessStore(openDatabase('postgres://nobody@127.0.0.1:1/none'));
    const keyring = await openKeyring({
      store,
      dataDir: server.dataDir,
      fixed,
      logger,
      now: () => Date.now(),
    });
    expect(await keyring.principalOf('x'.repeat(40), { loopback: true })).toBe(principal);
    await expect(keyring.principalOf('x'.repeat(40), { loopback: false })).rejects.toMatchObject({
      code: 'TOKEN_REFUSED',
    });
  });
});

describe('a session', () => {
  const cookieOf = (headers: Headers) => headers.get('set-cookie')?.split(';', 1)[0] ?? '';

  test('opens with a token; a change needs what only its own page knows', async () => {
    const { token, id } = await tokenFor('lea', 'submitter');
    const opened = await ask(null, 'POST', '/session', { token });
    expect(opened).toMatchObject({ status: 201, body: { name: 'lea' } });
    expect(opened.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
    const cookie = cookieOf(opened.headers);
    expect(cookie).not.toContain(token);
    expect((await ask(null, 'GET', '/session', undefined, { cookie })).body).toMatchObject({
      name: 'lea',
      csrf: opened.body.csrf,
    });
    const plan = { text: planFor('paged') };
    const forged = await ask(null, 'POST', '/rollouts', plan, { cookie });
    expect(forged).toMatchObject({ status: 403, body: { code: 'CSRF_MISSING' } });
    const guessed = await ask(null, 'POST', '/rollouts', plan, { cookie, 'x-tidegate-csrf': 'guess' });
    expect(guessed.status).toBe(403);
    const csrf = { cookie, 'x-tidegate-csrf': opened.body.csrf };
    expect((await ask(null, 'POST', '/rollouts', plan, csrf)).status).toBe(201);

    await ask(server.token, 'DELETE', `/tokens/${id}`);
    expect((await ask(null, 'GET', '/rollouts', undefined, { cookie })).status).toBe(401);
  });

  test('is over after the logout', async () => {
    const { token } = await tokenFor('max', 'viewer');
    const opened = await ask(null, 'POST', '/session', { token });
    const csrf = { cookie: cookieOf(opened.headers), 'x-tidegate-csrf': opened.body.csrf };
    expect((await ask(null, 'DELETE', '/session', undefined, csrf)).status).toBe(204);
    expect(await ask(null, 'GET', '/session', undefined, csrf)).toMatchObject({
      status: 401,
      body: { detail: 'This login is over.' },
    });
  });
});
