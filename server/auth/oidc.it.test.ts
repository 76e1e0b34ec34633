import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../app/embedded/ports.ts';
import { GrantText } from '../../plans/access.ts';
import { type ApiServer, planFor, startApiServer } from '../../test/fixtures/api-server.ts';
import {
  Browser,
  type IdentityProvider,
  identityConfig,
  startIdentityProvider,
} from '../../test/fixtures/identity-provider.ts';
import { CallerReply } from '../api/access.ts';

let server: ApiServer;
let provider: IdentityProvider;

beforeAll(async () => {
  const port = await freePort();
  server = await startApiServer({
    groups: { sre: ['operator', 'approver:on-call'].map((text) => GrantText.parse(text)) },
    oidc: identityConfig(port),
  });
  provider = await startIdentityProvider({
    port,
    redirectUrl: `${server.url}/login/callback`,
    groups: { ada: ['sre', 'payments'], bob: ['sales'], mallory: ['sre'] },
  });
});
afterAll(async () => {
  await provider.close();
  await server.close();
});

async function session(browser: Browser) {
  const response = await browser.open(`${server.url}/api/v1/session`);
  return CallerReply.parse(await response.json());
}

describe('login with OpenID Connect', () => {
  test('knows a person by name and does by its groups what tidegate.yaml says', async () => {
    const browser = new Browser();
    const end = await browser.logIn(
      `${server.url}/login?to=/rollouts/shown-1`,
      'ada',
      (url) => new URL(url).pathname === '/rollouts/shown-1',
    );
    expect(end).toBe(`${server.url}/rollouts/shown-1`);
    const caller = await session(browser);
    expect(caller).toMatchObject({ name: 'ada@example.com', grants: ['operator', 'approver:on-call'] });

    await server.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'sam', text: planFor('shown') }),
    });
    const change = (headers: Record<string, string>) =>
      browser.open(`${server.url}/api/v1/rollouts/shown-1/actions/pause`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    expect((await change({})).status).toBe(403);
    expect((await change({ 'x-tidegate-csrf': caller.csrf ?? '' })).status).toBe(200);
    expect(server.engine.told).toContain('pause shown-1 by ada@example.com: - accept -');
  });

  test('refuses somebody whose groups grant nothing, and says which groups those are', async () => {
    const browser = new Browser();
    const end = await browser.logIn(`${server.url}/login`, 'guest');
    expect(await (end as Response).json()).toMatchObject({
      code: 'NO_ROLE',
      status: 403,
      details: ['the identity provider names no group of this person'],
    });
    const other = await new Browser().logIn(`${server.url}/login`, 'bob');
    expect(await (other as Response).json()).toMatchObject({ code: 'NO_ROLE', details: ['groups: sales'] });
    expect((await browser.open(`${server.url}/api/v1/session`)).status).toBe(401);
  });

  test('refuses an address that is not verified', async () => {
    const end = await new Browser().logIn(`${server.url}/login`, 'mallory');
    expect(await (end as Response).json()).toMatchObject({
      code: 'LOGIN_FAILED',
      detail: 'The address mallory@example.com is not verified.',
    });
  });

  test('takes no answer that this browser did not ask for, and none twice', async () => {
    const browser = new Browser();
    const callback = String(
      await browser.logIn(`${server.url}/login`, 'ada', (url) => url.includes('/login/callback')),
    );
    const other = await new Browser().open(callback);
    expect(await other.json()).toMatchObject({ code: 'LOGIN_FAILED', status: 401 });
    const forged = new URL(callback);
    forged.searchParams.set('state', 'another');
    expect(await (await browser.open(forged.href)).json()).toMatchObject({ code: 'LOGIN_FAILED' });
    expect((await browser.open(callback)).status).toBe(302);
    expect(await (await browser.open(callback)).json()).toMatchObject({ code: 'LOGIN_FAILED' });
  });

  test.each(['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'sends nobody to %s afterwards',
    async (to) => {
      const end = await new Browser().logIn(
        `${server.url}/login?to=${encodeURIComponent(to)}`,
        'ada',
        (url) => !url.includes('/login') && !url.startsWith(provider.issuer),
      );
      expect(end).toBe(`${server.url}/`);
    },
  );
});

test('while the identity provider is away, logins say so and open sessions go on', async () => {
  const port = await freePort();
  const own = await startApiServer({
    oidc: {
      issuer: `http://127.0.0.1:${port}`,
      clientId: 'tidegate',
      scopes: ['openid'],
      nameClaim: 'email',
      groupsClaim: 'groups',
    },
  });
  try {
    const reply = await fetch(`${own.url}/login`, { redirect: 'manual' });
    expect(await reply.json()).toMatchObject({ status: 502, code: 'IDENTITY_UNREACHABLE' });
    expect((await own.api('/session')).status).toBe(200);
  } finally {
    await own.close();
  }
});
