import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { counters, total } from '../../test/fixtures/metrics-page.ts';
import { flagAt, startSyncServer } from '../../test/fixtures/sync-server.ts';
import { startLoad } from './load.ts';
import { type ShopOptions, startShop } from './shop.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function shop(options: Omit<ShopOptions, 'flagd'>) {
  const flags = await startSyncServer({ 'pricing-v2': flagAt(20), 'checkout-v2': flagAt(20) });
  cleanups.push(() => flags.stop());
  const addresses = [`127.0.0.1:${flags.port}`];
  const started = await startShop({ ...options, flagd: { addresses, environment: 'production' } });
  cleanups.push(() => started.stop());
  return started;
}

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the shop in processes of its own', () => {
  it('serves at least 200 requests per second to each flag, and leaves no process behind', async () => {
    const running = await shop({ load: { rate: 300 } });
    expect(running.pids).toHaveLength(5);
    await expect
      .poll(async () => (await running.loadStatus())?.sent, { timeout: 30_000 })
      .toBeGreaterThan(1_500);
    const status = await running.loadStatus();
    expect(status?.skipped).toBe(0);
    const pages = await Promise.all(
      running.fronts.map(async (url) => (await fetch(`${url}/metrics`)).text()),
    );
    const seconds = (await running.loadStatus())?.seconds ?? 0;
    for (const flag of ['pricing-v2', 'checkout-v2']) {
      const requests = total(counters(pages), 'shop_requests_total', { flag });
      expect(requests / seconds).toBeGreaterThan(200);
    }
    for (const page of pages)
      expect(total(counters([page]), 'shop_requests_total', { variant: 'off' })).toBeGreaterThan(100);
    await running.stop();
    expect(running.pids.filter(alive)).toEqual([]);
  });

  it('names the busy port, and stops what it had started', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    cleanups.push(() => other.close());
    await expect.poll(() => other.address()).not.toBeNull();
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(shop({ load: null, ports: { fronts: [port] } })).rejects.toThrow(
      `EADDRINUSE: address already in use 127.0.0.1:${port}`,
    );
  });

  it('tells when a part ends unasked', async () => {
    const ended: string[] = [];
    const running = await shop({ load: null, instances: 1, onExit: (what) => ended.push(what) });
    process.kill(running.pids[1] ?? 0, 'SIGKILL');
    await expect.poll(() => ended).toEqual(['shop canary ended with SIGKILL.']);
  });
});

describe('the load', () => {
  it('keeps its rate, counts every request and stops by itself', async () => {
    const running = await shop({ mode: 'in-process', load: null });
    const load = startLoad({ fronts: running.fronts, rate: 200, seconds: 3 });
    const done = await load.done;
    expect(done).toMatchObject({ running: false, inFlight: 0, skipped: 0 });
    expect(done.ok + done.refused + done.failed).toBe(done.sent);
    expect(done.due).toBeGreaterThan(3 * 200 * 0.85);
    expect(done.failed / done.sent).toBeLessThan(0.03);
    const pages = await Promise.all(
      running.fronts.map(async (url) => (await fetch(`${url}/metrics`)).text()),
    );
    expect(total(counters(pages), 'shop_visits_total', { flag: 'pricing-v2' })).toBe(done.ok + done.failed);
  });

  it('ends after a number of requests too', async () => {
    const running = await shop({ mode: 'in-process', load: null });
    expect(await startLoad({ fronts: running.fronts, requests: 50 }).done).toMatchObject({
      sent: 50,
      running: false,
    });
  });

  it.each([
    [['http://example.com'], 'loopback only'],
    [['https://127.0.0.1'], 'loopback only'],
    [[], 'At least one front'],
  ])('goes nowhere else: %j', (fronts, words) => {
    expect(() => startLoad({ fronts })).toThrow(words);
  });
});
