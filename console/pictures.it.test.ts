import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { findBrowser, startBrowser } from '../test/fixtures/browser.ts';
import { type BuiltConsole, buildConsole } from '../test/fixtures/built-console.ts';
import { eveningScene, PLAN_TEXT } from '../test/fixtures/console-scene.ts';
import { startTold, stopHard } from '../test/fixtures/told-rollout.ts';

/** Where the pictures go: `npm run pictures` says so. Without it nothing is drawn. */
const folder = process.env['TIDEGATE_PICTURES'];

interface Picture {
  name: string;
  width: number;
  height: number;
  scheme: 'light' | 'dark';
  path(scene: { paused: string; incident: string }): string;
  before?(page: Page): Promise<void>;
}

const wide = { width: 1200, height: 760 };
const phone = { width: 360, height: 740 };

const PICTURES: Picture[] = [
  { name: 'console-board', ...wide, scheme: 'light', path: () => '/' },
  { name: 'console-board-phone', ...phone, scheme: 'light', path: () => '/' },
  {
    name: 'console-paused',
    ...wide,
    height: 1500,
    scheme: 'light',
    path: ({ paused }) => `/rollouts/${paused}`,
  },
  { name: 'console-paused-dark', ...wide, scheme: 'dark', path: ({ paused }) => `/rollouts/${paused}` },
  { name: 'console-paused-phone', ...phone, scheme: 'dark', path: ({ paused }) => `/rollouts/${paused}` },
  {
    name: 'console-rollback-phone',
    ...phone,
    scheme: 'dark',
    path: ({ paused }) => `/rollouts/${paused}`,
    before: async (page) => {
      await page.getByRole('button', { name: 'Roll back …' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'console-incident-phone',
    ...phone,
    height: 1000,
    scheme: 'light',
    path: ({ incident }) => `/rollouts/${incident}`,
  },
  { name: 'console-calendar', ...wide, scheme: 'light', path: () => '/calendar' },
  {
    name: 'console-calendar-phone',
    ...phone,
    height: 1000,
    scheme: 'dark',
    path: () => '/calendar',
  },
  {
    name: 'console-submit',
    ...wide,
    scheme: 'light',
    path: () => '/submit',
    before: async (page) => {
      await page.getByLabel('The plan', { exact: true }).fill(PLAN_TEXT.replace('bake: 5m', 'bake: soon'));
      await page.getByText(/^The plan has /).waitFor();
    },
  },
];

describe.skipIf(folder === undefined)('pictures of the console', () => {
  let built: BuiltConsole;
  let server: ApiServer;
  let browser: Browser;
  let scene: Awaited<ReturnType<typeof eveningScene>> & { incident: string };
  beforeAll(async () => {
    built = await buildConsole();
    server = await startApiServer({ console: built.folder });
    scene = { ...(await eveningScene(server)), incident: await openIncident(server) };
    browser = await startBrowser(await findBrowser());
    await mkdir(folder ?? '', { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await built?.remove();
  });

  it.each(PICTURES)('$name', async ({ name, width, height, scheme, path, before }) => {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      deviceScaleFactor: width === phone.width ? 2 : 1,
    });
    const page = await context.newPage();
    const reply = await server.api('/session/codes', { method: 'POST' });
    const { code } = (await reply.json()) as { code: string };
    await page.goto(`${server.url}/enter#code=${code}&as=kim&role=on-call`);
    await page.getByRole('button', { name: 'kim' }).waitFor();
    await page.goto(server.url + path(scene));
    await page.locator('main h1').waitFor();
    await expect.poll(() => page.getByText(/^(Loading|Reading|Drawing).*…$/).count()).toBe(0);
    await expect.poll(() => page.getByText('live', { exact: true }).count()).toBe(1);
    await before?.(page);
    await page.screenshot({ path: join(folder ?? '', `${name}.png`), animations: 'disabled' });
    await context.close();
  });
});

/** A hard stop after which the traffic is not seen to be back. */
async function openIncident(server: ApiServer): Promise<string> {
  const told = await startTold(server.rollouts, {
    more: {
      metadata: { name: 'gift-cards', title: 'Gift cards', service: 'shop', owner: 'payments' },
      notify: [{ channel: 'terminal', events: ['incident-update'] }],
    },
    at: Date.now() - 600_000,
    name: 'gift-cards',
  });
  stopHard(told, 'errors: canary 3.7 % against 1.1 %, +2.6 pp beyond the hard margin of +0.5 pp');
  told.world.settle();
  await told.record();
  await told.verify('not-back', '41 requests of the canary in the last window');
  return told.id;
}
