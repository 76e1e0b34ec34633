import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { axe } from '../test/fixtures/axe.ts';
import { findBrowser, startBrowser } from '../test/fixtures/browser.ts';
import { type BuiltConsole, buildConsole } from '../test/fixtures/built-console.ts';
import { eveningScene, officeHours, tell, waitingForApproval } from '../test/fixtures/console-scene.ts';
import { logIn, settled, tokenFor, visit, type Wanted } from '../test/fixtures/console-visit.ts';
import { storyPlan } from '../test/fixtures/story.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';
/** Where looks are kept for whoever wants to see them. */
const folder = process.env['TIDEGATE_LOOKS'];

describe.skipIf(skipped !== '')(`the calendar in Chromium${skipped && ` (skipped: ${skipped})`}`, () => {
  let built: BuiltConsole;
  let server: ApiServer;
  let browser: Browser;
  let token: string;
  const pages: Page[] = [];

  beforeAll(async () => {
    built = await buildConsole();
    server = await startApiServer({ console: built.folder });
    await eveningScene(server);
    const { story } = waitingForApproval();
    const { windows } = officeHours();
    await tell(server, {
      flag: 'exports',
      title: 'Exports',
      environment: 'staging',
      story,
      plan: storyPlan({ windows: { ...windows, allow: ['00:00-24:00'], freezes: [] } }),
    });
    token = await tokenFor(server, 'vic', ['viewer']);
    browser = await startBrowser(found);
  }, 60_000);
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await built?.remove();
  });

  async function calendar(wanted: Wanted): Promise<{ page: Page; errors: string[] }> {
    const { page, errors } = await visit(browser, { timezone: 'America/New_York', ...wanted });
    pages.push(page);
    await logIn(page, { url: server.url, token, name: 'vic', path: '/calendar' });
    await settled(page);
    return { page, errors };
  }

  it.each([
    ['light', 360],
    ['dark', 360],
    ['light', 1200],
    ['dark', 1200],
  ] as const)('has no fault in %s at %d px', async (scheme, width) => {
    const { page, errors } = await calendar({ scheme, width, height: width === 360 ? 740 : 900 });
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    if (folder !== undefined)
      await page.screenshot({ path: `${folder}/calendar-${scheme}-${width}.png`, fullPage: true });
    expect(errors).toEqual([]);
  });

  it('says for each environment when exposure may rise, by the clock of the plan and of the reader', async () => {
    const { page } = await calendar({ width: 1200 });
    const production = page.getByRole('region', { name: 'production' });
    await production.getByText('Mon-Thu 09:00-16:00, Fri 09:00-12:00 (Europe/Berlin)').waitFor();
    const text = await production.textContent();
    expect(text).toContain('Frozen');
    expect(text).toMatch(
      /Next: \w{3} \d+ \w{3} \d\d:\d\d \(Europe\/Berlin\), .*your time|May go up now, until/,
    );
    expect(text).toContain('waits for approval by one of on-call');
    expect(text).toContain('At any time: their plans have no windows');
    expect(text).toContain('Avatars & badges');
    expect(text).not.toContain('Receipts by mail');
    expect(await production.locator('td', { hasText: /frozen/ }).count()).toBeGreaterThanOrEqual(3);
    expect(await production.locator('td', { hasText: /09:00–16:00/ }).count()).toBeGreaterThanOrEqual(4);
    const staging = page.getByRole('region', { name: 'staging' });
    expect(await staging.textContent()).toContain('May go up now.');
    // By keyboard alone: the clock of the reader, and more weeks.
    await page.getByRole('radio', { name: "Plan's time" }).focus();
    await page.keyboard.press('ArrowRight');
    await production.getByText('Days and hours of America/New_York').waitFor();
    expect(await production.locator('td', { hasText: /03:00–10:00/ }).count()).toBeGreaterThanOrEqual(4);
    await page.getByRole('radio', { name: '2 weeks' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => production.getByRole('row').count()).toBeGreaterThanOrEqual(5);
  });

  it('follows what begins and what ends, and links to each rollout', async () => {
    const { page } = await calendar({ width: 360 });
    const { story } = waitingForApproval();
    const id = await tell(server, { flag: 'late', title: 'Late one', environment: 'europe', story });
    const region = page.getByRole('region', { name: 'europe' });
    await region.getByRole('link', { name: 'Late one' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/rollouts/${id}`);
  });
});
