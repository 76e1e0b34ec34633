import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../app/embedded/ports.ts';
import { GrantText } from '../../plans/access.ts';
import { type ApiServer, startApiServer } from '../../test/fixtures/api-server.ts';
import { axe } from '../../test/fixtures/axe.ts';
import { findBrowser, startBrowser } from '../../test/fixtures/browser.ts';
import {
  type IdentityProvider,
  identityConfig,
  startIdentityProvider,
} from '../../test/fixtures/identity-provider.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';
/** Where looks are kept for whoever wants to see them. */
const folder = process.env['TIDEGATE_LOOKS'];

describe.skipIf(skipped !== '')(`a refused login in Chromium${skipped && ` (skipped: ${skipped})`}`, () => {
  let server: ApiServer;
  let provider: IdentityProvider | null = null;
  let browser: Browser;
  let page: Page;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    server = await startApiServer({
      groups: { sre: [GrantText.parse('operator')] },
      oidc: identityConfig(port),
    });
    browser = await startBrowser(found);
  }, 60_000);
  afterEach(() => page?.context().close());
  afterAll(async () => {
    await browser?.close();
    await provider?.close();
    await server?.close();
  });

  async function open(scheme: 'light' | 'dark' = 'light'): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, colorScheme: scheme });
    page = await context.newPage();
  }

  async function logIn(login: string, path = '/login'): Promise<void> {
    await page.goto(server.url + path);
    await page.locator('input[name="login"]').fill(login);
    await page.locator('input[name="password"]').fill('any');
    await page.locator('button[type="submit"]').click();
    await page.locator('button[type="submit"]').click();
    await page.waitForURL(`${server.url}/**`);
  }

  async function looksWell(name: string, title: string): Promise<void> {
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    if (folder !== undefined)
      await page.screenshot({ path: `${folder}/login-${name}-360.png`, fullPage: true });
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  }

  it('while the provider is away says so, that tokens work, and leads back where the reader wanted to go', async () => {
    await open('dark');
    const reply = await page.goto(`${server.url}/login?to=/approvals`);
    expect(reply?.status()).toBe(502);
    await looksWell('away', 'The login does not answer');
    await page.getByText('an API token works meanwhile').waitFor();
    expect(await page.getByRole('link', { name: 'Try again' }).getAttribute('href')).toBe(
      '/login?to=%2Fapprovals',
    );
    provider = await startIdentityProvider({
      port,
      redirectUrl: `${server.url}/login/callback`,
      groups: { ada: ['sre'], bob: ['sales', '<b>x</b>'], mallory: ['sre'] },
    });
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.locator('input[name="login"]').waitFor();
  });

  it('says to somebody without a role which groups they have and whom to ask', async () => {
    await open();
    await logIn('bob', '/login?to=/rollouts/x-1');
    await looksWell('no-role', 'You are known, and may do nothing here yet');
    await page.getByText('groups: sales, <b>x</b>').waitFor();
    await page.getByText(/Ask whoever runs Tidegate to give one of your groups a role/).waitFor();
    expect(await page.getByRole('link', { name: 'Log in again' }).getAttribute('href')).toBe(
      '/login?to=%2Frollouts%2Fx-1',
    );
    const session = await page.request.get(`${server.url}/api/v1/session`);
    expect(session.status()).toBe(401);
  });

  it('tells somebody in no group at all, and an address that is not verified', async () => {
    await open();
    await logIn('guest');
    await page.getByText('the identity provider names no group of this person').waitFor();
    await page.context().clearCookies();
    await logIn('mallory');
    await looksWell('unverified', 'The login did not work');
    await page.getByText('The address mallory@example.com is not verified.').waitFor();
  });

  it('an answer with another state, one that nobody asked for, and one who does not agree', async () => {
    await open();
    await page.goto(`${server.url}/login/callback?code=x&state=y`);
    await looksWell('unasked', 'The login did not work');
    await page.getByText('This browser has begun no login, or too long ago.').waitFor();

    const begin = async () => {
      await page.goto(`${server.url}/login`);
      await page.locator('input[name="login"]').waitFor();
    };
    await begin();
    await page.goto(`${server.url}/login/callback?code=x&state=y&iss=http://127.0.0.1:${port}`);
    await looksWell('state', 'The login did not work');
    await page.getByText(/answer does not count|refuses/).waitFor();

    // The provider's own way out of its form.
    await begin();
    await page.getByRole('link', { name: /cancel/i }).click();
    await page.waitForURL(`${server.url}/**`);
    await looksWell('cancelled', 'The login did not work');
    await page.getByText(/The identity provider refuses: access_denied\./).waitFor();
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.locator('input[name="login"]').waitFor();
  });

  it('programs get the same as JSON, and each kind its own headers', async () => {
    const ask = (accept: string) =>
      fetch(`${server.url}/login/callback?code=x&state=y`, { headers: { accept }, redirect: 'manual' });
    const json = await ask('application/json');
    expect([json.status, json.headers.get('content-type')]).toEqual([
      401,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(await json.json()).toMatchObject({ code: 'LOGIN_FAILED' });
    const html = await ask('text/html');
    expect([html.status, html.headers.get('content-type'), html.headers.get('cache-control')]).toEqual([
      401,
      'text/html; charset=utf-8',
      'no-store',
    ]);
    expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
