import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../plans/failures.ts';
import type { PreflightView } from '../server/api/preflights.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { axe } from '../test/fixtures/axe.ts';
import { findBrowser, startBrowser } from '../test/fixtures/browser.ts';
import { type BuiltConsole, buildConsole } from '../test/fixtures/built-console.ts';
import { logIn, settled, tokenFor, visit, type Wanted } from '../test/fixtures/console-visit.ts';
import { examplePreflight } from '../test/fixtures/preflight-view.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';
/** Where looks are kept for whoever wants to see them. */
const folder = process.env['TIDEGATE_LOOKS'];

describe.skipIf(skipped !== '')(`plans in Chromium${skipped && ` (skipped: ${skipped})`}`, () => {
  let built: BuiltConsole;
  let server: ApiServer;
  let browser: Browser;
  const tokens: Record<string, string> = {};
  const pages: Page[] = [];
  const preflights: {
    told: (done: number, whole: number) => void;
    resolve: (view: PreflightView) => void;
    reject: (error: Error) => void;
  }[] = [];

  beforeAll(async () => {
    built = await buildConsole();
    server = await startApiServer({
      console: built.folder,
      preflight: ({ told }) =>
        new Promise((resolve, reject) => {
          preflights.push({ told, resolve, reject });
        }),
    });
    tokens['sam'] = await tokenFor(server, 'sam', ['submitter@production']);
    tokens['vic'] = await tokenFor(server, 'vic', ['viewer']);
    browser = await startBrowser(found);
  }, 60_000);
  afterEach(async () => {
    server.findings.length = 0;
    server.engine.down = false;
    for (const page of pages.splice(0)) await page.context().close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await built?.remove();
  });

  async function open(path: string, wanted: Wanted & { name?: string } = {}): Promise<Page> {
    const { name = 'sam', ...rest } = wanted;
    const { page } = await visit(browser, { width: 1200, height: 900, ...rest });
    pages.push(page);
    await logIn(page, { url: server.url, token: tokens[name] ?? '', name, path });
    await settled(page);
    return page;
  }

  async function submitted(flag: string): Promise<string> {
    const reply = await server.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: planFor(flag), by: 'ada', roles: [] }),
    });
    return ((await reply.json()) as { id: string }).id;
  }

  const choose = (page: Page, text: string) =>
    page
      .getByLabel('Choose a file, or paste the plan below')
      .setInputFiles({ name: 'pricing.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) });

  it('shows what is wrong beside its line and leads there, and submits once it is right', async () => {
    const page = await open('/');
    await page.getByRole('link', { name: 'Submit a plan …' }).click();
    const submit = page.getByRole('button', { name: 'Submit …' });
    await choose(page, planFor('pricing').replace('percent: 5, bake: 1h', 'percent: 500, bake: soon'));
    const findings = page.getByRole('region', { name: 'What the check says' });
    await findings.getByText('The plan has 2 errors and no risks.').waitFor();
    expect(await submit.isDisabled()).toBe(true);
    const bake = findings.getByRole('listitem').filter({ hasText: 'stages[0].bake' });
    expect(await bake.textContent()).toContain('{ name: 5%, percent: 500, bake: soon }');
    expect(await page.locator('.gutter .error').textContent()).toBe('✗ 8');
    await bake.getByRole('button', { name: 'Line 8' }).press('Enter');
    expect(
      await page.evaluate(
        'getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)',
      ),
    ).toMatch(/^soon|^bake: soon/);
    // By keyboard, as a person would who mends it there.
    await page.getByLabel('The plan', { exact: true }).fill(planFor('pricing'));
    await findings.getByText(/^The plan can be taken: /).waitFor();
    server.findings.push({
      metric: 'errors',
      query: 'up',
      kind: 'slow-scrape',
      detail: 'scraped every 60 s',
    });
    await submit.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('errors: scraped every 60 s').waitFor();
    const text = await dialog.textContent();
    expect(text).toContain(
      'A rollout of flag pricing in production begins, in 3 stages: 5% → 100% → decommission.',
    );
    expect(text).toContain('Within seconds stage 5% opens: 5 % get the new path.');
    expect(text).toContain('It takes 3 h at least.');
    expect(text).toContain('In the journal as sam.');
    expect(await axe(page)).toEqual([]);
    if (folder !== undefined) await page.screenshot({ path: `${folder}/submit-dialog.png` });
    await dialog.getByRole('button', { name: 'Submit', exact: true }).click();
    await dialog.getByText('Submitted as pricing-1.').waitFor();
    await dialog.getByRole('link', { name: 'To the rollout' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/rollouts/pricing-1');
    expect((await server.rollouts.get('pricing-1'))?.submittedBy).toBe('sam');
  });

  it('says before a submit what stands in its way, and shows a refusal with its code and its hint', async () => {
    const id = await submitted('search');
    server.findings.push({ metric: 'errors', query: 'up', kind: 'no-baseline', detail: 'no series' });
    const page = await open('/submit', { width: 360 });
    await choose(page, planFor('search'));
    await page.getByRole('button', { name: 'Submit …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('As things stand it will be refused:').waitFor();
    const text = await dialog.textContent();
    expect(text).toContain(`${id} moves flag search in production already.`);
    expect(text).toContain('errors: no series (up)');
    server.findings.length = 0;
    await dialog.getByRole('button', { name: 'Submit', exact: true }).click();
    const alert = await dialog.getByRole('alert').textContent();
    expect(alert).toContain('ROLLOUT_ACTIVE');
    expect(alert).toContain('Wait for the active rollout of this flag, or roll it back first.');
    expect(await axe(page)).toEqual([]);
  });

  it('amends with the difference shown first, and says whom it waits for', async () => {
    const id = await submitted('cart');
    const page = await open(`/rollouts/${id}`);
    await page.getByRole('link', { name: 'Amend the plan …' }).click();
    const amend = page.getByRole('button', { name: 'Amend …' });
    await page.getByText('Nothing yet: this is the present plan.').waitFor();
    expect(await amend.isDisabled()).toBe(true);
    await page
      .getByLabel('The plan', { exact: true })
      .fill(
        planFor('cart')
          .replace('hard: +0.5pp', 'hard: +0.8pp')
          .replace('percent: 100, bake: 1h', 'percent: 100, bake: 2h'),
      );
    const changes = page.getByRole('region', { name: 'What would change' });
    await changes.getByText('metrics[errors].hard.absolute: 0.005 → 0.008').waitFor();
    expect(await changes.getByText('loosens').count()).toBe(1);
    expect(await changes.textContent()).toContain('+   - { name: 100%, percent: 100, bake: 2h }');
    expect(await axe(page)).toEqual([]);
    if (folder !== undefined) await page.screenshot({ path: `${folder}/amend-1200.png`, fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    if (folder !== undefined) await page.screenshot({ path: `${folder}/amend-360.png`, fullPage: true });
    server.engine.down = true;
    await amend.click();
    const dialog = page.getByRole('dialog');
    await dialog
      .getByText('It loosens one condition, so it waits until a second person approves it.')
      .waitFor();
    await dialog.getByLabel('Reason').fill('more orders');
    await dialog.getByRole('button', { name: 'Amend', exact: true }).click();
    expect(await dialog.getByRole('alert').textContent()).toContain('TEMPORAL_UNREACHABLE');
    server.engine.down = false;
    await dialog.getByRole('button', { name: 'Amend', exact: true }).click();
    await page.getByText('Revision 2').first().waitFor();
    const [, second] = await server.rollouts.planRevisions(id);
    expect(second).toMatchObject({ by: 'sam', reason: 'more orders' });
  });

  it('says what differs from the last rollout of the flag, before a plan is handed in and afterwards', async () => {
    const id = await submitted('again');
    const row = await server.rollouts.get(id);
    if (row?.view == null) throw new Error('no view');
    await server.engine.step({ ...row.view, phase: 'rolled-back', endedAt: Date.now() });
    await server.flags.release({ environment: 'production', key: 'again' }, id);
    const text = planFor('again').replace('soft: +0.1pp', 'soft: +0.2pp');
    const page = await open('/submit', { width: 360 });
    await choose(page, text);
    const card = page.getByRole('region', { name: 'Difference from the last rollout' });
    await card.getByText('metrics[errors].soft.absolute: 0.001 → 0.002').waitFor();
    expect(await card.textContent()).toContain(`Against ${id}.`);
    expect(await card.getByText('loosens').count()).toBe(1);
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'Submit …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Submit', exact: true }).click();
    await page.getByRole('link', { name: 'To the rollout' }).click();
    const section = page.getByRole('region', { name: 'Difference from the last rollout' });
    await section.getByText(`Against ${id}, which was rolled back.`).waitFor();
    expect(await section.textContent()).toContain('metrics[errors].soft.absolute: 0.001 → 0.002');
    await section.getByText('The lines that differ').click();
    await section.getByText(/^\+ .*soft: \+0\.2pp/).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await axe(page)).toEqual([]);
    if (folder !== undefined) await section.screenshot({ path: `${folder}/last-time-360.png` });
    await section.getByRole('link', { name: id }).click();
    await page.getByText('This is the first rollout of the flag here.').waitFor();
  });

  it('shows a viewer no button, and checks for them all the same', async () => {
    const id = await submitted('looks');
    const page = await open('/', { name: 'vic' });
    expect(await page.getByRole('link', { name: 'Submit a plan …' }).count()).toBe(0);
    await page.goto(`${server.url}/submit`);
    await page.getByText('vic may not submit plans; this page checks them.').waitFor();
    await choose(page, planFor('looks'));
    await page.getByText(/^The plan can be taken: /).waitFor();
    expect(await page.getByRole('button', { name: 'Submit …' }).count()).toBe(0);
    await page.goto(`${server.url}/rollouts/${id}`);
    await settled(page);
    await page.getByRole('heading', { name: 'Plan', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'Amend the plan …' }).count()).toBe(0);
    await page.goto(`${server.url}/rollouts/${id}/amend`);
    await page.getByText('vic may not amend plans here.').waitFor();
    expect(await page.getByRole('button', { name: 'Amend …' }).count()).toBe(0);
  });

  it('says beside each risk why it is one, how to mend it and how to take it on purpose', async () => {
    const page = await open('/submit', { width: 360, height: 3000 });
    await choose(page, planFor('why'));
    const findings = page.getByRole('region', { name: 'What the check says' });
    const risk = findings.getByRole('listitem').filter({ hasText: 'PLAN-NO-INTERNAL' });
    const why = 'what is broken for everybody is found by colleagues within the hour';
    expect(await risk.getByText(why).isVisible()).toBe(false);
    await risk.getByText('Why PLAN-NO-INTERNAL').press('Enter');
    await risk.getByText(why).waitFor();
    expect(await risk.textContent()).toContain('- { rule: PLAN-NO-INTERNAL, reason: WHY }');
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    if (folder !== undefined) await page.screenshot({ path: `${folder}/findings-360.png`, fullPage: true });
  });

  it.each([
    ['light', 360],
    ['dark', 1200],
  ] as const)('runs a preflight in the background and shows it, in %s at %d px', async (scheme, width) => {
    const page = await open('/submit', { scheme, width, height: 4000 });
    await choose(page, planFor('flown'));
    const card = page.getByRole('region', { name: 'What its own traffic says' });
    await card.getByRole('button', { name: 'Run a preflight' }).click();
    await expect.poll(() => preflights.length).toBe(1);
    const [run] = preflights.splice(0);
    run?.told(30, 120);
    await card.getByText('Read 25 % of the past …').waitFor();
    expect(await axe(page)).toEqual([]);
    run?.resolve(examplePreflight());
    await card.getByText('It can start; 1 to think about, one stage is too short.').waitFor();
    const stage = card.getByRole('listitem').filter({ hasText: 'Too short to see' });
    const text = await stage.textContent();
    expect(text).toContain('5 % · 617 requests an hour, 41 in the quietest · 1,234 users · bakes 60 min');
    expect(text).toContain('its minimum of 2,000 requests after 3.2 h');
    expect(text).toContain('bake: 6h');
    expect(await stage.getByRole('row').allTextContents()).toEqual([
      'MetricA canary worse byis found afterSafe is proven after',
      'errors0.2 pp (2× soft)90 min (mostly by 4 h)8 h (0.5 pp, asked for)',
      '0.5 pp (hard)never',
      'latencynot planned: the baseline had no requests of it–',
    ]);
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    if (folder !== undefined)
      await page.screenshot({ path: `${folder}/preflight-${scheme}-${width}.png`, fullPage: true });
    await page.getByLabel('The plan', { exact: true }).fill(planFor('flown').replace('bake: 1h', 'bake: 6h'));
    await card.getByText('The plan has changed since: this is about the text before.').waitFor();
    await card.getByRole('button', { name: 'Run it again' }).click();
    await expect.poll(() => preflights.length).toBe(1);
    preflights.splice(0)[0]?.reject(new Failure('PROMETHEUS_UNREACHABLE', 'Prometheus does not answer.'));
    await card.getByText('PROMETHEUS_UNREACHABLE').waitFor();
  });

  it.each([
    ['light', 360],
    ['dark', 360],
    ['dark', 1200],
  ] as const)('has no fault in %s at %d px', async (scheme, width) => {
    const page = await open('/submit', { scheme, width });
    await choose(page, planFor('faults').replace('percent: 5, bake: 1h', 'percent: 500, bake: soon'));
    await page.getByText('The plan has 2 errors and no risks.').waitFor();
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    if (folder !== undefined)
      await page.screenshot({ path: `${folder}/submit-${scheme}-${width}.png`, fullPage: true });
  });
});
