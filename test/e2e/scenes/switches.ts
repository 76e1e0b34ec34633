import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'vitest';
import { quickExample } from '../../fixtures/example-plan.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { failing } from '../../fixtures/stack.ts';

/** The new side of blue-green, as far as it says how it is. */
export interface Green {
  host: string;
  health: string;
  asked: number;
  close(): void;
}

export async function startGreen(): Promise<Green> {
  const server = createServer((_, response) => {
    green.asked += 1;
    response.end(green.health);
  });
  const green = { host: '', health: 'starting', asked: 0, close: () => void server.close() };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  green.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return green;
}

export function blueGreen(flag: Flag, given: Given, side: () => Green): void {
  it.sequential('green is asked first, gets a tenth, then all at once, and blue is back in one step', async ({
    expect,
  }) => {
    const [tg, green] = [given(), side()];
    const plan = quickExample('blue-green', flag, { keep: ['checks'] });
    expect(plan).toContain('https://green.example.com/healthz');
    const id = await tg.submit(plan.replace('https://green.example.com', `http://${green.host}`));
    // Green is not up yet: nobody gets it.
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'checks'));
    await expect
      .poll(async () => (await tg.journal(id)).map(({ transition }) => transition), { timeout: 40_000 })
      .toContain('check-failed');
    expect([await tg.exposed(flag), green.asked]).toEqual([0, 3]);
    green.health = 'ok';
    await tg.done('recheck', id, '--as', 'kim');
    await tg.until(id, ({ stage }) => stage === 'all at once', 90_000);
    const checks = (await tg.journal(id)).find(({ transition }) => transition === 'checks-passed')?.checks;
    expect(checks).toMatchObject([{ name: 'smoke test', ok: true }]);
    await tg.untilExposed(flag, (share) => share === 1);
    await tg.back(id);
    const [last] = (await tg.journal(id)).filter(({ transition }) => transition === 'rolled-back');
    expect((last?.flagAfter ?? 0) - (last?.flagBefore ?? 0)).toBe(1);
  }, 240_000);
}

export function strangled(flag: Flag, given: Given): void {
  it.sequential('one endpoint leaves the monolith: it is compared with itself, and what is broken elsewhere does not stop it', async ({
    expect,
  }) => {
    const tg = given();
    await tg.shop.fault({ ...failing(flag, 1), endpoint: 'GET /products/:id' });
    const id = await tg.submit(quickExample('strangler-cart', flag));
    await tg.until(id, ({ stage }) => stage === '100%', 120_000);
    const passed = (await tg.journal(id)).filter(
      ({ transition, stage }) => transition === 'gate-passed' && stage === '25%',
    );
    expect(passed).toHaveLength(1);
    const queries = passed[0]?.queries.join('\n') ?? '';
    expect(queries).toContain('endpoint="POST /cart"');
    expect(queries).not.toMatch(/shop_requests_total\{(?![^}]*endpoint="POST \/cart")/);
    await tg.back(id);
    // The same plan goes back alone when its own endpoint fails.
    await tg.shop.fault({ ...failing(flag, 1), endpoint: 'POST /cart' });
    const bad = await tg.submit(quickExample('strangler-cart', flag));
    const { stop } = await tg.until(bad, ({ phase }) => phase === 'rolled-back', 120_000);
    expect(stop).not.toBeNull();
  }, 300_000);
}
