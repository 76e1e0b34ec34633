import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../app/embedded/ports.ts';
import { NO_EXPOSURE } from '../../plans/exposure.ts';
import { type ApiServer, startApiServer } from '../../test/fixtures/api-server.ts';
import { findBrowser, startBrowser } from '../../test/fixtures/browser.ts';
import { type BuiltPage, startBuiltPage } from '../../test/fixtures/built-page.ts';
import { flagState } from '../../test/fixtures/flag-state.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';
const flag = { environment: 'staging', key: 'pricing-v2' };
/** Far beyond the patience of these tests: what comes sooner came by the stream. */
const NEVER_MS = 600_000;
const QUICK_MS = 100;

describe.skipIf(skipped !== '')(`the sample page in Chromium${skipped && ` (skipped: ${skipped})`}`, () => {
  let server: ApiServer;
  let browser: Browser;
  let streaming: BuiltPage;
  let polling: BuiltPage;
  const pages: Page[] = [];

  beforeAll(async () => {
    const ports = [await freePort(), await freePort()] as const;
    const origins = ports.map((port) => `http://127.0.0.1:${port}`);
    server = await startApiServer({ delivery: { origins } });
    await server.flagStore.claim(flag, flagState(0, 0).shape, 'r-1');
    await server.flagStore.release(flag, 'r-1');
    await vi.waitUntil(() => server.flagService.environments().length === 1);
    const settings = { VITE_TIDEGATE_URL: server.url, VITE_ENVIRONMENT: 'staging', VITE_FLAG: flag.key };
    browser = await startBrowser(found);
    streaming = await startBuiltPage(ports[0], { ...settings, VITE_POLL_MS: String(NEVER_MS) });
    polling = await startBuiltPage(ports[1], { ...settings, VITE_POLL_MS: String(QUICK_MS) });
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });
  afterAll(async () => {
    await browser?.close();
    await polling?.close();
    await streaming?.close();
    await server?.close();
  });

  /** A page as nobody has visited before, with what it asked for. */
  async function visit(
    url: string,
    prepare: (page: Page) => Promise<unknown> = async () => undefined,
  ): Promise<{ page: Page; asked: string[]; text: (id: string) => Promise<string | null> }> {
    const page = await browser.newPage({ viewport: { width: 360, height: 640 } });
    pages.push(page);
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.method() !== 'OPTIONS') asked.push(new URL(request.url()).pathname);
    });
    await prepare(page);
    await page.goto(url);
    await page.evaluate('globalThis.sinceTheVisit = true');
    return { page, asked, text: (id) => page.getByTestId(id).textContent() };
  }

  async function move(percent: number): Promise<void> {
    await server.flagStore.set(flag, { ...NO_EXPOSURE, percent }, 'ada', 'to see the page follow');
  }

  /** The first of many users who gets this variant at the present exposure. */
  async function userWith(variant: string): Promise<string> {
    for (let n = 0; n < 200; n++) {
      const response = await fetch(`${server.url}/ofrep/v1/evaluate/flags/${flag.key}`, {
        method: 'POST',
        headers: { 'flagd-selector': 'flagSetId=staging' },
        body: JSON.stringify({ context: { targetingKey: `user-${n}` } }),
      });
      const answer = (await response.json()) as { variant: string };
      if (answer.variant === variant) return `user-${n}`;
    }
    throw new Error(`nobody of 200 gets ${variant}`);
  }

  it('shows variant, reason and since when, and follows the flag by its event stream without a reload', async () => {
    await move(0);
    const { page, asked, text } = await visit(streaming.origin);
    await expect.poll(() => text('variant')).toBe('off');
    expect(await text('reason')).toBe('STATIC');
    await expect.poll(() => asked).toContain('/ofrep/v1/events');
    const before = await page.getByTestId('since').getAttribute('datetime');
    await move(100);
    await expect.poll(() => text('variant'), { timeout: 10_000 }).toBe('on');
    const after = await page.getByTestId('since').getAttribute('datetime');
    expect(Date.parse(after ?? '')).toBeGreaterThan(Date.parse(before ?? ''));
    expect(await page.evaluate('globalThis.sinceTheVisit')).toBe(true);
    expect(await page.getByTestId('notice').count()).toBe(0);
  });

  it('keeps since when while only the exposure of others changes', async () => {
    await move(100);
    const { page, text } = await visit(streaming.origin);
    await expect.poll(() => text('variant')).toBe('on');
    const since = await page.getByTestId('since').getAttribute('datetime');
    const revision = await text('revision');
    await server.flagStore.set(
      flag,
      { ...NO_EXPOSURE, percent: 100, segments: ['employees'] },
      'ada',
      'more',
    );
    await expect.poll(() => text('revision'), { timeout: 10_000 }).not.toBe(revision);
    expect(await page.getByTestId('since').getAttribute('datetime')).toBe(since);
  });

  it('shows the flag of another user', async () => {
    await move(50);
    const [on, off] = [await userWith('on'), await userWith('off')];
    const { page, text } = await visit(streaming.origin);
    for (const [user, variant] of [[on, 'on'] as const, [off, 'off'] as const, [on, 'on'] as const]) {
      await page.getByLabel('User').fill(user);
      await page.getByRole('button', { name: 'Change user' }).click();
      await expect.poll(() => text('user')).toBe(user);
      expect(await text('variant')).toBe(variant);
      expect(await text('reason')).toBe('TARGETING_MATCH');
    }
    expect(await page.evaluate('globalThis.sinceTheVisit')).toBe(true);
  });

  it('follows the flag by polling where no event stream gets through', async () => {
    await move(0);
    const { page, asked, text } = await visit(polling.origin, (page) =>
      page.route('**/ofrep/v1/events*', (route) => route.fulfill({ status: 503 })),
    );
    await expect.poll(() => text('variant')).toBe('off');
    await expect.poll(() => asked).toContain('/ofrep/v1/events');
    const polls = () => asked.filter((path) => path.endsWith('/evaluate/flags')).length;
    await expect.poll(polls, { timeout: 10_000 }).toBeGreaterThan(3);
    await move(100);
    await expect.poll(() => text('variant'), { timeout: 10_000 }).toBe('on');
    expect(await page.evaluate('globalThis.sinceTheVisit')).toBe(true);
  });

  it('says that the line was lost, and takes it back when something is heard', async () => {
    await move(0);
    const { page, text } = await visit(polling.origin, (page) =>
      page.route('**/ofrep/v1/events*', (route) => route.fulfill({ status: 503 })),
    );
    await expect.poll(() => text('variant')).toBe('off');
    await page.route('**/ofrep/v1/evaluate/flags', (route) => route.abort());
    await expect.poll(() => text('notice'), { timeout: 10_000 }).toMatch(/^The line was lost at /);
    expect(await text('variant')).toBe('off');
    await page.unroute('**/ofrep/v1/evaluate/flags');
    await move(100);
    await expect.poll(() => text('variant'), { timeout: 10_000 }).toBe('on');
    await expect.poll(() => page.getByTestId('notice').count()).toBe(0);
  });

  it('says when the flag was killed', async () => {
    await move(100);
    const { text } = await visit(streaming.origin);
    await expect.poll(() => text('variant')).toBe('on');
    const latch = { at: new Date().toISOString(), by: 'ada', reason: 'the page must tell' };
    await server.flagStore.kill(flag, null, latch);
    await expect.poll(() => text('variant'), { timeout: 10_000 }).toBe('off');
    expect(await text('notice')).toMatch(/^Killed/);
    await server.flagStore.unlock(flag, 'ada', 'told');
  });

  it('of an origin that flags.origins does not name gets no flags, and says so', async () => {
    await move(100);
    const { text } = await visit(streaming.origin.replace('127.0.0.1', 'localhost'));
    await expect.poll(() => text('notice'), { timeout: 10_000 }).toMatch(/^Tidegate gives no flags/);
    expect(await text('variant')).toBe('off');
  });

  it('fits a narrow screen, light and dark', async () => {
    await move(100);
    const { page, text } = await visit(streaming.origin);
    await expect.poll(() => text('variant')).toBe('on');
    const width = 'document.documentElement.scrollWidth';
    const ground = 'getComputedStyle(document.body).backgroundColor';
    expect(await page.evaluate(width)).toBe(360);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await page.evaluate(ground);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await page.evaluate(ground)).not.toBe(light);
  });
});
