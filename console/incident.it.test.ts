import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser } from '../test/fixtures/browser.ts';
import { type ConsoleStand, faultsOf, standConsole, submitAsSam } from '../test/fixtures/console-stand.ts';
import { logIn, settled, tokenFor, visit } from '../test/fixtures/console-visit.ts';
import { startTold, stopHard } from '../test/fixtures/told-rollout.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';
/** Where looks are kept for whoever wants to see them. */
const folder = process.env['TIDEGATE_LOOKS'];

describe.skipIf(skipped !== '')(`afterwards, on a phone${skipped && ` (skipped: ${skipped})`}`, () => {
  let stand: ConsoleStand;
  let server: ConsoleStand['server'];
  let kim: string;
  let vic: string;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    stand = await standConsole(found);
    ({ server } = stand);
    kim = await tokenFor(server, 'kim', ['approver:on-call', 'operator', 'submitter']);
    vic = await tokenFor(server, 'vic', ['viewer']);
  }, 90_000);
  afterEach(() => page?.context().close());
  afterAll(() => stand?.close());

  async function open(
    id: string,
    more: { name?: 'kim' | 'vic'; scheme?: 'light' | 'dark' } = {},
  ): Promise<void> {
    const { name = 'kim', scheme = 'light' } = more;
    ({ page, errors } = await visit(stand.browser, { scheme }));
    const token = name === 'kim' ? kim : vic;
    await logIn(page, { url: server.url, token, name, path: `/rollouts/${id}` });
    await page.locator('main h1').waitFor();
  }

  async function looksWell(name: string): Promise<void> {
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-360.png` });
    expect(await faultsOf(page)).toEqual([]);
    expect(errors).toEqual([]);
  }

  const stopped = async (name: string) => {
    const told = await startTold(server.rollouts, {
      more: { notify: [{ channel: 'terminal', events: ['incident-update'] }] },
      at: Date.now() - 600_000,
      name,
    });
    stopHard(told);
    told.world.settle();
    await told.record();
    return told;
  };

  it.each(['light', 'dark'] as const)(
    'an incident is shown, closed once with a reason, and has its review (%s)',
    async (scheme) => {
      const told = await stopped(`closed-${scheme}`);
      await told.verify('not-back');
      await open(told.id, { scheme });
      const card = page.getByRole('region', { name: 'Incident, open' });
      await card.getByText(/^Who acts:/).waitFor();
      if (folder !== undefined) await card.screenshot({ path: `${folder}/incident-${scheme}-360.png` });
      await card.getByText('Draft of the review').click();
      await card.getByLabel('Draft of the review').getByText(told.id).first().waitFor();
      await looksWell(`incident-page-${scheme}`);
      await card.getByRole('button', { name: 'Close the incident …' }).click();
      const dialog = page.getByRole('dialog');
      await looksWell(`incident-dialog-${scheme}`);
      await dialog.getByRole('button', { name: 'Close the incident', exact: true }).click();
      expect(await dialog.count()).toBe(1);
      await dialog.getByLabel('Reason').fill('the old path <b>serves</b> everybody');
      await dialog.getByRole('button', { name: 'Close the incident', exact: true }).click();
      const over = page.getByRole('region', { name: 'Incident, closed' });
      await over.waitFor();
      expect(await over.getByRole('button', { name: 'Close the incident …' }).count()).toBe(0);
      const lines = await server.rollouts.journal(told.id);
      expect(lines.at(-1)).toMatchObject({
        transition: 'incident-closed',
        cause: { kind: 'person', by: 'kim', reason: 'the old path <b>serves</b> everybody' },
      });
      expect(errors).toEqual([]);
    },
  );

  it('a viewer sees it and closes nothing, and a stop that informs nobody has none', async () => {
    const told = await stopped('watched');
    await told.verify('not-back');
    await open(told.id, { name: 'vic' });
    await page.getByRole('region', { name: 'Incident, open' }).waitFor();
    expect(await page.getByRole('button', { name: 'Close the incident …' }).count()).toBe(0);
    await page.context().close();
    const quiet = await startTold(server.rollouts, { more: {}, at: Date.now() - 600_000, name: 'quiet' });
    stopHard(quiet);
    quiet.world.settle();
    await quiet.record();
    const asked = await server.api(`/rollouts/${quiet.id}/incidents`);
    expect(await asked.json()).toEqual({ incidents: [] });
    await open(quiet.id);
    await page.getByRole('heading', { name: 'Plan' }).waitFor();
    expect(await page.getByRole('region', { name: /^Incident/ }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'a step that is left is marked as done, and the page says so at once (%s)',
    async (scheme) => {
      const id = await submitAsSam(server, `steps-${scheme}`);
      const day = 86_400_000;
      const step = (name: string, due: number) => ({
        name,
        kind: 'code' as const,
        owner: 'shop',
        due: Date.now() + due,
        done: null,
      });
      const view = await server.engine.view(id);
      const steps = [step('code', 3 * day), step('remove-the-old-tables-and-their-replicas', -day)];
      await server.engine.step({ ...view, steps });
      await open(id, { scheme });
      await settled(page);
      const card = page.getByRole('region', { name: 'Behind the point of no return' });
      await card.getByText('2 of 2 steps are left.').waitFor();
      if (folder !== undefined) await card.screenshot({ path: `${folder}/steps-${scheme}-360.png` });
      await looksWell(`steps-page-${scheme}`);
      await card.getByRole('button', { name: 'code is done …' }).click();
      const dialog = page.getByRole('dialog');
      await looksWell(`steps-dialog-${scheme}`);
      await dialog.getByLabel(/^Reason/).fill('merged');
      await dialog.getByRole('button', { name: 'Done', exact: true }).click();
      await card.getByText('1 of 2 steps is left.').waitFor();
      await card.getByText(/^code, by shop: done .* by kim \(merged\)$/).waitFor();
      expect(await card.getByRole('button').count()).toBe(1);
      expect(errors).toEqual([]);
    },
  );

  it.each(['light', 'dark'] as const)(
    'what is asked before the point of no return and before a rollback fits (%s)',
    async (scheme) => {
      const id = await submitAsSam(server, `asked-${scheme}`);
      const view = await server.engine.view(id);
      const text = 'stage decommission is behind the point of no return: a second person confirms it by name';
      const blocker = { kind: 'point-of-no-return' as const, text, until: null, roles: ['on-call'] };
      await server.engine.step({ ...view, blockers: [blocker] });
      await open(id, { scheme });
      await settled(page);
      for (const label of ['Confirm', 'Roll back']) {
        await page
          .getByRole('button', { name: new RegExp(`^${label}.* …$`) })
          .first()
          .click();
        await page.getByRole('dialog').getByRole('heading').waitFor();
        await looksWell(`dialog-${label.toLowerCase().replace(' ', '-')}-${scheme}`);
        await page.getByRole('button', { name: 'Cancel' }).click();
      }
    },
  );
});
