import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { planFor } from '../test/fixtures/api-server.ts';
import { findBrowser } from '../test/fixtures/browser.ts';
import { type ConsoleStand, faultsOf, sendAsSam, standConsole } from '../test/fixtures/console-stand.ts';
import * as fixture from '../test/fixtures/console-visit.ts';
import { settled, tokenFor } from '../test/fixtures/console-visit.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';
/** Where the pictures go, for whoever wants to look at them. */
const PICTURES = process.env.TIDEGATE_PICTURES;

describe.skipIf(skipped !== '')(`what is asked again${skipped && ` (skipped: ${skipped})`}`, () => {
  let stand: ConsoleStand;
  let server: ConsoleStand['server'];
  let kim: string;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    stand = await standConsole(found);
    ({ server } = stand);
    kim = await tokenFor(server, 'kim', ['approver:on-call', 'operator', 'submitter']);
  }, 90_000);
  afterEach(() => page?.context().close());
  afterAll(() => stand?.close());

  async function open(flag: string, width = 360, text = planFor(flag)): Promise<string> {
    const id = await sendAsSam(server, '/rollouts', { text });
    ({ page, errors } = await fixture.visit(stand.browser, { width }));
    await fixture.logIn(page, { url: server.url, token: kim, name: 'kim', path: `/rollouts/${id}` });
    await settled(page);
    return id;
  }

  /** Asks for a deed, looks at what is asked, and gives the dialog. */
  async function ask(label: string, more = true) {
    if (more) await page.getByText('More', { exact: true }).click();
    await page.getByRole('button', { name: `${label} …` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading').waitFor();
    return dialog;
  }

  async function looksWell(name: string): Promise<void> {
    const { width } = page.viewportSize() ?? { width: 0 };
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`) });
    expect(await faultsOf(page)).toEqual([]);
    expect(errors).toEqual([]);
  }

  it.each([360, 1280])('takes one tenant off the canary, and asks for a reason (%d px)', async (width) => {
    const id = await open(`off-${width}`, width);
    const dialog = await ask('Take somebody off');
    await dialog.getByLabel('Name').fill('acme');
    expect(await dialog.textContent()).toContain('How many of acme have the new path is not known');
    await looksWell('exclude');
    const send = dialog.getByRole('button', { name: 'Take somebody off', exact: true });
    await send.click();
    expect(await dialog.count()).toBe(1);
    await dialog.getByLabel('Reason').fill('their totals are wrong');
    await send.click();
    await expect.poll(() => dialog.count()).toBe(0);
    expect(server.engine.decisions.at(-1)).toMatchObject({
      by: 'kim',
      reason: 'their totals are wrong',
      who: { tenant: 'acme' },
    });
    expect(id).toContain('off');
  });

  it('shows who is off, and asks to let them in again by name', async () => {
    const id = await open('in-again');
    const view = await server.engine.view(id);
    const excluded = [
      { name: 'tenant=acme', by: 'ada', reason: 'their <b>totals</b>', at: 1_767_225_600_000, revision: 4 },
      { name: 'employees', by: 'ada', reason: 'asked for it', at: 1_767_225_600_000, revision: null },
    ];
    await server.engine.step({ ...view, excluded });
    await page.getByText('tenant=acme, since revision 4, by ada').waitFor();
    const dialog = await ask('Let somebody in again');
    await dialog.getByLabel('Who').selectOption('employees');
    await dialog.getByLabel('Reason').fill('mended');
    await looksWell('include');
    await dialog.getByRole('button', { name: 'Let somebody in again', exact: true }).click();
    await expect.poll(() => dialog.count()).toBe(0);
    expect(server.engine.decisions.at(-1)).toMatchObject({ who: { segment: 'employees' } });
  });

  it.each([360, 1280])('rolls back stage by stage only where that is chosen (%d px)', async (width) => {
    const id = await open(`slow-${width}`, width);
    const dialog = await ask('Roll back', false);
    await dialog.getByRole('checkbox', { name: /Stage by stage/ }).check();
    expect(await dialog.textContent()).toContain(
      'A hard stop, a kill or another rollback makes it immediate.',
    );
    await looksWell('rollback');
    await dialog.getByRole('button', { name: 'Roll back', exact: true }).click();
    await expect.poll(() => dialog.count()).toBe(0);
    expect(server.engine.decisions.at(-1)).toMatchObject({ progressive: true });
    expect(id).toContain('slow');
  });

  it('shows how it goes back, and offers the faster way first', async () => {
    const id = await open('on-the-way');
    const view = await server.engine.view(id);
    const none = { percent: 0, segments: [], variant: null };
    const at = Date.now() + 480_000;
    const steps = [
      { exposure: { ...none, percent: 1 }, at },
      { exposure: none, at: at + 600_000 },
    ];
    await server.engine.step({ ...view, descent: { from: '100%', steps } });
    await page.getByRole('heading', { name: 'Going back stage by stage' }).waitFor();
    await page.getByText(/→ 1 % in (7|8) min.* → nobody in/).waitFor();
    await ask('Roll back at once', false);
    await looksWell('hasten');
  });

  it.each([360, 1280])(
    'abandons with the flag lowered where it is between nobody and everybody (%d px)',
    async (width) => {
      await open(`left-${width}`, width);
      const dialog = await ask('Abandon and lower');
      expect(await dialog.textContent()).toContain('This rollout ends as abandoned.');
      await looksWell('abandon');
      await dialog.getByRole('button', { name: 'Abandon and lower', exact: true }).click();
      await expect.poll(() => dialog.count()).toBe(0);
      expect(server.engine.decisions.at(-1)).toMatchObject({ by: 'kim', lower: true });
    },
  );

  it.each([360, 1280])(
    'retries from a stage that was proven, and says what had stopped it (%d px)',
    async (width) => {
      const flag = `again-${width}`;
      const id = await open(flag, width);
      const view = await server.engine.view(id);
      const stop = {
        cause: { kind: 'gate', verdict: 'hard', reason: 'errors' },
        transition: 'hard-stop',
        at: 1,
      };
      await server.engine.step({ ...view, stop } as never);
      await sendAsSam(server, `/rollouts/${id}/actions/rollback`, { reason: 'complaints' });
      await server.flags.release({ environment: 'production', key: flag }, id);
      const dialog = await ask('Retry', false);
      expect(await dialog.textContent()).toContain(`What stopped ${id}: hard stop by the gate: errors.`);
      await dialog.getByLabel('Begin at stage').selectOption('5%');
      await dialog.getByLabel('Reason').fill('totals are rounded once');
      await dialog.getByLabel('Build behind the canary now').fill('shop:2.4.2');
      await looksWell('retry');
      await dialog.getByRole('button', { name: 'Retry', exact: true }).click();
      await page.getByText(`${flag}-2 begins at stage`).waitFor();
      await page.getByText(`it names build shop:2.4.2, ${id} named none.`).waitFor();
      expect((await server.engine.view(`${flag}-2`)).origin).toMatchObject({ kind: 'retry', of: id });
      expect(server.engine.started.at(-1)?.plan.metadata.build).toBe('shop:2.4.2');
    },
  );

  it.each([360, 1280])(
    'asks whoever retries a build with evidence against it to accept that or to name another (%d px)',
    async (width) => {
      const flag = `stands-${width}`;
      const text = planFor(flag).replace('service: shop', 'service: shop, build: "shop:1"');
      const id = await open(flag, width, text.replace('hard: +0.5pp', 'hard: +50pp'));
      const cohort = (events: number, total: number) => ({
        requests: total,
        ratios: { errors: { events, total } },
        histograms: {},
      });
      const rows = Array.from({ length: 20 }, (_, i) => ({
        rolloutId: id,
        stage: '5%',
        t: (i + 1) * 15,
        at: (i + 1) * 15_000,
        sample: { stage: '5%', t: (i + 1) * 15, baseline: cohort(14, 2850), canary: cohort(20, 150) },
        assessment: null,
      }));
      await server.rollouts.saveSamples(rows);
      await server.engine.step({ ...(await server.engine.view(id)), build: 'shop:1' });
      await sendAsSam(server, `/rollouts/${id}/actions/rollback`, { reason: 'complaints' });
      await server.flags.release({ environment: 'production', key: flag }, id);
      const dialog = await ask('Retry', false);
      expect(await dialog.textContent()).toContain('It goes on with the evidence against build shop:1.');
      await dialog.getByLabel('Begin at stage').selectOption('5%');
      await dialog.getByLabel('Reason').fill('known');
      await dialog.getByRole('button', { name: 'Retry', exact: true }).click();
      await dialog.getByText(/would stop it again at once, as a soft stop/).waitFor();
      expect(errors.splice(0)).toEqual([expect.stringContaining('409')]);
      await looksWell('retry-stands');
      await dialog.getByLabel('Accept the difference that was seen').check();
      await dialog.getByRole('button', { name: 'Retry', exact: true }).click();
      await page.getByText(/Accepted of it, and still so: errors up to .* \(kim\)/).waitFor();
      expect(server.engine.started.at(-1)).toMatchObject({ id: `${flag}-2` });
    },
  );
});
