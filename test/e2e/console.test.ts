import { type Browser, type BrowserContext, devices, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlagReply } from '../../server/api.ts';
import { axe } from '../fixtures/axe.ts';
import { findBrowser, startBrowser } from '../fixtures/browser.ts';
import { failing, planText, startTestStack, type TestStack } from '../fixtures/stack.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';

describe.skipIf(skipped !== '')(`on a phone${skipped && ` (skipped: ${skipped})`}`, () => {
  let tg: TestStack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    tg = await startTestStack(8);
    browser = await startBrowser(found);
    const { defaultBrowserType: _, ...phone } = devices['iPhone 13'] ?? {};
    context = await browser.newContext({
      ...phone,
      viewport: { width: 360, height: 740 },
    });
    page = await context.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await tg?.stop();
  });

  const flag = async () => {
    const reply = await tg.stack.api('/flags/pricing-v2?environment=demo');
    return (await reply.json()) as FlagReply;
  };

  it('a second person, logged in, accepts what paused a gate, approves the next stage, and the flag follows', async () => {
    const made = await tg.stack.api('/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'kim', grants: ['approver:on-call@demo'] }),
    });
    const { token } = (await made.json()) as { token: string };
    const stages = [
      '{ name: 50%, percent: 50, bake: 4s, minRequests: 50 }',
      '{ name: 100%, percent: 100, bake: 600s }',
    ];
    const id = await tg.submit(
      planText({
        flag: 'pricing-v2',
        soft: '+1pp',
        hard: '+60pp',
        stages,
        more: 'approval: { roles: [on-call] }',
      }),
    );
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.shop.fault(failing('pricing-v2', 0.15));
    await tg.until(id, ({ pause }) => pause !== null);
    await tg.shop.fault(null);

    await page.goto(tg.stack.urls.server);
    await page.getByLabel('API token').fill(token);
    await page.getByRole('button', { name: 'Log in with a token' }).tap();
    await page.getByRole('link', { name: 'For me' }).tap();
    await page.getByRole('listitem').getByRole('link').tap();
    await page.getByRole('heading', { name: /^Paused: the new path looks worse in errors/ }).waitFor();
    await page.getByRole('button', { name: 'Accept the difference …' }).tap();
    const dialog = page.getByRole('dialog');
    const said = await dialog.textContent();
    expect(said).toMatch(/errors may differ by up to \+\d+(\.\d+)? pp from now on, instead of \+1 pp\./);
    await dialog.getByLabel(/^Reason/).fill('known, <b>mended</b> tomorrow');
    await dialog.getByRole('button', { name: 'Accept the difference' }).tap();
    await page
      .getByText(/kim accepts a difference/)
      .first()
      .waitFor();
    expect((await flag()).exposure.percent).toBe(50);

    await page.getByRole('heading', { name: 'Waits for on-call' }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Approve …' }).tap();
    expect(await dialog.textContent()).toMatch(
      /Stage 100% opens: 50 % becomes 100 %\..*requests a minute meet the new path\./,
    );
    await dialog.getByRole('button', { name: 'Approve' }).tap();
    await expect.poll(async () => (await flag()).exposure.percent, { timeout: 20_000 }).toBe(100);
    await tg.untilExposed('pricing-v2', (share) => share === 1);
    await page.getByText('everyone').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    const entries = await tg.journal(id);
    const decided = entries.filter(({ cause }) => cause.kind === 'person' && cause.by === 'kim');
    expect(decided.map(({ transition }) => transition)).toEqual(['accepted', 'approved', 'advanced']);
  }, 150_000);

  it('an operator takes the new path from everybody, and the flag and the users follow', async () => {
    const made = await tg.stack.api('/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'omar', grants: ['operator@demo'] }),
    });
    const { token } = (await made.json()) as { token: string };
    const stages = ['{ name: 50%, percent: 50, bake: 600s }', '{ name: 100%, percent: 100, bake: 600s }'];
    // The one of the test before has the flag until it is over.
    const running = (await (await tg.stack.api('/rollouts?phase=active')).json()) as {
      rollouts: { id: string }[];
    };
    for (const { id } of running.rollouts) {
      await tg.stack.api(`/rollouts/${id}/actions/rollback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'room for the next test' }),
      });
      await tg.until(id, ({ endedAt }) => endedAt !== null);
    }
    const id = await tg.submit(planText({ flag: 'pricing-v2', soft: '+1pp', hard: '+60pp', stages }));
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.untilExposed('pricing-v2', (share) => share > 0.2);
    expect((await flag()).exposure.percent).toBe(50);

    await context.clearCookies();
    await page.goto(`${tg.stack.urls.server}/rollouts/${id}`);
    await page.getByLabel('API token').fill(token);
    await page.getByRole('button', { name: 'Log in with a token' }).tap();
    await page.getByRole('button', { name: 'Roll back …' }).tap();
    const dialog = page.getByRole('dialog');
    const said = await dialog.textContent();
    expect(said).toMatch(/50 %/);
    // Asking changes nothing: the second button does.
    expect((await flag()).exposure.percent).toBe(50);
    expect(await axe(page)).toEqual([]);
    await dialog.getByLabel(/^Reason/).fill('complaints of <b>totals</b>');
    await dialog.getByRole('button', { name: 'Roll back', exact: true }).tap();

    await expect.poll(async () => (await flag()).exposure.percent, { timeout: 20_000 }).toBe(0);
    await tg.untilExposed('pricing-v2', (share) => share === 0);
    await page.getByRole('heading', { name: /^Rolled back/ }).waitFor({ timeout: 20_000 });
    expect(await page.getByRole('button', { name: 'Roll back …' }).count()).toBe(0);
    expect(await page.locator('b', { hasText: 'totals' }).count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    const { rolloutId, exposure } = await flag();
    expect({ rolloutId, percent: exposure.percent, segments: exposure.segments }).toEqual({
      rolloutId: null,
      percent: 0,
      segments: [],
    });
    const entries = await tg.journal(id);
    expect(entries.find(({ transition }) => transition === 'rollback-requested')?.cause).toMatchObject({
      kind: 'person',
      by: 'omar',
      reason: 'complaints of <b>totals</b>',
    });
  }, 150_000);
});
