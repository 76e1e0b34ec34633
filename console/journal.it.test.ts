import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser } from '../test/fixtures/browser.ts';
import { type ConsoleStand, standConsole } from '../test/fixtures/console-stand.ts';
import { logIn, tokenFor, visit } from '../test/fixtures/console-visit.ts';
import { recordLines } from '../test/fixtures/recorded-lines.ts';
import { startTold } from '../test/fixtures/told-rollout.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';

describe.skipIf(skipped !== '')(`the journal in the console${skipped && ` (skipped: ${skipped})`}`, () => {
  let stand: ConsoleStand;
  beforeAll(async () => {
    stand = await standConsole(found);
  }, 90_000);
  afterAll(() => stand?.close());

  it('shows every line, and reads those that it has only once', async () => {
    const { server } = stand;
    const told = await startTold(server.rollouts, { more: {}, at: Date.now() - 600_000, name: 'long' });
    const last = await recordLines(server.rollouts, told, 430);
    const { page, errors } = await visit(stand.browser);
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.endsWith('/journal')) asked.push(search);
    });
    const token = await tokenFor(server, 'vic', ['viewer']);
    await logIn(page, { url: server.url, token, name: 'vic', path: `/rollouts/${told.id}` });
    const journal = page.getByRole('region', { name: 'Journal' });
    await journal.getByText(`line ${last}`, { exact: true }).waitFor();
    expect(await journal.locator('ol.journal > li').count()).toBe(last);
    expect(asked).toEqual(['?after=0&limit=200', '?after=200&limit=200', '?after=400&limit=200']);

    asked.length = 0;
    const next = await recordLines(server.rollouts, told, 2);
    await journal.getByText(`line ${next}`, { exact: true }).waitFor();
    expect(await journal.locator('ol.journal > li').count()).toBe(next);
    expect(asked).toEqual([`?after=${last}&limit=200`]);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
