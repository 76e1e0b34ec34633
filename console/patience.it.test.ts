import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser } from '../test/fixtures/browser.ts';
import { type ConsoleStand, standConsole, submitAsSam } from '../test/fixtures/console-stand.ts';
import { logIn, tokenFor, visit } from '../test/fixtures/console-visit.ts';

const found = await findBrowser();
const skipped = 'skipped' in found ? found.skipped : '';

describe.skipIf(skipped !== '')(
  `a record that is long in being read${skipped && ` (skipped: ${skipped})`}`,
  () => {
    let stand: ConsoleStand;
    let goOn = (): void => undefined;
    beforeAll(async () => {
      stand = await standConsole(found, { patienceMs: 50 });
    }, 90_000);
    afterAll(() => {
      goOn();
      return stand?.close();
    });

    it('is asked for until it is there', async () => {
      const { server } = stand;
      const id = await submitAsSam(server, 'slow');
      await server.engine.step({ ...(await server.engine.view(id)), stage: '5%' });
      const held = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const read = server.rollouts.samplePage;
      server.rollouts.samplePage = async (of, page) => {
        await held;
        return read(of, page);
      };
      const { page } = await visit(stand.browser);
      const answers: number[] = [];
      page.on('response', (response) => {
        if (response.url().endsWith('/comparison')) answers.push(response.status());
      });
      const token = await tokenFor(server, 'vic', ['viewer']);
      await logIn(page, { url: server.url, token, name: 'vic', path: `/rollouts/${id}` });
      await expect.poll(() => answers.length, { timeout: 15_000 }).toBeGreaterThan(1);
      expect(new Set(answers)).toEqual(new Set([503]));
      goOn();
      await expect.poll(() => answers.at(-1), { timeout: 15_000 }).toBe(200);
      await page.context().close();
    });
  },
);
