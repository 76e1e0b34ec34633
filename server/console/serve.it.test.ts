import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../../test/fixtures/api-server.ts';

let folder: string;
let server: ApiServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-served-'));
  await mkdir(join(folder, 'assets'));
  for (const [name, text] of Object.entries({
    'index.html': '<title>t</title>',
    'assets/main-abc.js': 'let a',
  })) {
    await writeFile(join(folder, name), text);
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(text));
  }
  server = await startApiServer({ console: folder });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const plain = { headers: { 'accept-encoding': 'identity' } };

describe('the console is served', () => {
  it.each(['/', '/enter', '/rollouts/pricing-v2-1', '/approvals', '/flags'])(
    'at %s, never from a cache without asking, with a policy against foreign scripts',
    async (path) => {
      const response = await fetch(server.url + path, plain);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('<title>t</title>');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|data:|\*/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('with files that a browser keeps for ever, packed where it can unpack them', async () => {
    const response = await server.app.inject({
      url: '/assets/main-abc.js',
      headers: { 'accept-encoding': 'gzip, br', host: '127.0.0.1' },
    });
    expect(response.headers['content-encoding']).toBe('br');
    expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(response.headers['content-type']).toContain('javascript');
    expect(brotliDecompressSync(response.rawPayload).toString()).toBe('let a');
  });

  it('and nothing outside of its folder', async () => {
    for (const path of ['/assets/none.js', '/assets/..%2f..%2fpackage.json'])
      expect((await fetch(server.url + path, plain)).status).toBe(404);
    // The folder of the files is none of them.
    for (const path of ['/elsewhere', '/assets/', '/assets']) {
      const unknown = await fetch(server.url + path);
      expect(unknown.status).toBe(404);
      expect(await unknown.json()).toMatchObject({ code: 'ROUTE_UNKNOWN' });
    }
    const written = await fetch(`${server.url}/assets/main-abc.js`, { method: 'POST' });
    expect(written.status).toBe(405);
  });
});

describe('a link from the command line', () => {
  const enter = (code: string) =>
    fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });

  it('opens one session and no second one', async () => {
    const { code } = (await (await server.api('/session/codes', { method: 'POST' })).json()) as {
      code: string;
    };
    const first = await enter(code);
    expect(first.status).toBe(201);
    const [cookie = ''] = first.headers.getSetCookie();
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
    expect(await first.json()).toMatchObject({ name: 'local-admin', mayActFor: true });
    const second = await enter(code);
    expect(second.status).toBe(401);
    expect(await second.json()).toMatchObject({ code: 'TOKEN_REFUSED' });
    expect((await enter('A'.repeat(43))).status).toBe(401);
  });

  it('is for whoever has proven who they are', async () => {
    expect((await fetch(`${server.url}/api/v1/session/codes`, { method: 'POST' })).status).toBe(401);
  });
});

describe('the board', () => {
  /** The data of each `rows` message until the test has seen enough. */
  async function* board(token: string, signal: AbortSignal): AsyncGenerator<BoardEvent> {
    const response = await fetch(`${server.url}/api/v1/board`, {
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) yield JSON.parse(data);
      }
    }
  }
  interface BoardEvent {
    rows: { id: string; phase: string; powers: { may: string[]; roles: string[] } }[];
    complete: boolean;
  }

  const submit = (flag: string, environment = 'production') =>
    server.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'ada', text: planFor(flag, environment) }),
    });

  it('tells all rollouts at once and then each change, to each reader what they may see and do', async () => {
    await submit('first');
    await submit('hidden', 'staging');
    const made = await server.api('/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'kim', grants: ['approver:on-call@production'] }),
    });
    const { token } = (await made.json()) as { token: string };
    const stop = new AbortController();
    const events = board(token, stop.signal);
    const first = (await events.next()).value as BoardEvent;
    expect(first.complete).toBe(true);
    expect(first.rows.map(({ id }) => id)).toEqual(['first-1']);
    expect(first.rows[0]?.powers).toEqual({ may: ['read', 'approve'], roles: ['on-call'] });
    await submit('second');
    await server.api('/rollouts/first-1/actions/rollback', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'ada' }),
    });
    const seen = new Map<string, string>();
    for await (const { rows } of events) {
      for (const { id, phase } of rows) seen.set(id, phase);
      if (seen.get('first-1') === 'rolled-back' && seen.has('second-1')) break;
    }
    stop.abort();
    expect([...seen.keys()]).not.toContain('hidden-1');
  });
});
