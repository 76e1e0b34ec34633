import { type Browser, type BrowserContext, devices, type Page } from 'playwright-core';
import { afterAll, beforeAll, it } from 'vitest';
import type { FlagReply } from '../../../server/api.ts';
import { axe } from '../../fixtures/axe.ts';
import { findBrowser, startBrowser } from '../../fixtures/browser.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { failing, planText } from '../../fixtures/stack.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';

/** The console as a person has it on a phone. */
export function onPhone(flag: Flag, given: Given): void {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    if (skipped !== '') return;
    browser = await startBrowser(found);
    const { defaultBrowserType: _, ...phone } = devices['iPhone 13'] ?? {};
    context = await browser.newContext({
      ...phone,
      viewport: { width: 360, height: 740 },
    });
    page = await context.newPage();
  }, 120_000);
  afterAll(() => browser?.close());

  const served = async () => {
    const reply = await given().stack.api(`/flags/${flag}?environment=demo`);
    return (await reply.json()) as FlagReply;
  };

  it.skipIf(skipped !== '').sequential(
    'a second person, logged in, accepts what paused a gate, approves the next stage, and the flag follows',
    async ({ expect }) => {
      const tg = given();
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
          flag,
          soft: '+1pp',
          hard: '+60pp',
          stages,
          more: 'approval: { roles: [on-call] }',
        }),
      );
      await tg.until(id, ({ stage }) => stage === '50%');
      await tg.shop.fault(failing(flag, 0.15));
      await tg.until(id, ({ pause }) => pause !== null);
      await tg.shop.heal(flag);

      await page.goto(tg.stack.urls.server);
      await page.getByLabel('API token').fill(token);
      await page.getByRole('button', { name: 'Log in with a token' }).tap();
      await page.getByRole('link', { name: 'For me' }).tap();
      await page.getByRole('listitem').getByRole('link', { name: flag }).tap();
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
      expect((await served()).exposure.percent).toBe(50);

      await page.getByRole('heading', { name: 'Waits for on-call' }).waitFor({ timeout: 60_000 });
      await page.getByRole('button', { name: 'Approve …' }).tap();
      expect(await dialog.textContent()).toMatch(
        /Stage 100% opens: 50 % becomes 100 %\..*requests a minute meet the new path\./,
      );
      await dialog.getByRole('button', { name: 'Approve' }).tap();
      await expect.poll(async () => (await served()).exposure.percent, { timeout: 20_000 }).toBe(100);
      await tg.untilExposed(flag, (share) => share === 1);
      await page.getByText('everyone').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      const entries = await tg.journal(id);
      const decided = entries.filter(({ cause }) => cause.kind === 'person' && cause.by === 'kim');
      expect(decided.map(({ transition }) => transition)).toEqual(['accepted', 'approved', 'advanced']);
    },
    150_000,
  );

  it.skipIf(skipped !== '').sequential(
    'an operator takes the new path from everybody, and the flag and the users follow',
    async ({ expect }) => {
      const tg = given();
      const made = await tg.stack.api('/tokens', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'omar', grants: ['operator@demo'] }),
      });
      const { token } = (await made.json()) as { token: string };
      const stages = ['{ name: 50%, percent: 50, bake: 600s }', '{ name: 100%, percent: 100, bake: 600s }'];
      const id = await tg.submit(planText({ flag, soft: '+1pp', hard: '+60pp', stages }));
      await tg.until(id, ({ stage }) => stage === '50%');
      await tg.untilExposed(flag, (share) => share > 0.2);
      expect((await served()).exposure.percent).toBe(50);

      await context.clearCookies();
      await page.goto(`${tg.stack.urls.server}/rollouts/${id}`);
      await page.getByLabel('API token').fill(token);
      await page.getByRole('button', { name: 'Log in with a token' }).tap();
      await page.getByRole('button', { name: 'Roll back …' }).tap();
      const dialog = page.getByRole('dialog');
      const said = await dialog.textContent();
      expect(said).toMatch(/50 %/);
      // Asking changes nothing: the second button does.
      expect((await served()).exposure.percent).toBe(50);
      expect(await axe(page)).toEqual([]);
      await dialog.getByLabel(/^Reason/).fill('complaints of <b>totals</b>');
      await dialog.getByRole('button', { name: 'Roll back', exact: true }).tap();

      await expect.poll(async () => (await served()).exposure.percent, { timeout: 20_000 }).toBe(0);
      await tg.untilExposed(flag, (share) => share === 0);
      await page.getByRole('heading', { name: /^Rolled back/ }).waitFor({ timeout: 20_000 });
      expect(await page.getByRole('button', { name: 'Roll back …' }).count()).toBe(0);
      expect(await page.locator('b', { hasText: 'totals' }).count()).toBe(0);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      const { rolloutId, exposure } = await served();
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
    },
    150_000,
  );
}
