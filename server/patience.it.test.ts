import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RolloutStore } from '../store/store.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';

const POLLS = 250;

let server: ApiServer;
let read: RolloutStore['samplePage'];
/** Resolves when samples may be read on behind the first page. */
let held: Promise<void>;
let goOn: () => void;

beforeAll(async () => {
  server = await startApiServer({ patienceMs: 50 });
  read = server.rollouts.samplePage;
  server.rollouts.samplePage = async (id, page) => {
    if (page.after !== null) await held;
    return read(id, page);
  };
});
beforeEach(() => {
  held = new Promise((resolve) => {
    goOn = resolve;
  });
});
afterAll(async () => {
  goOn();
  await server?.close();
});

function post(path: string, body: object, key?: string): Promise<Response> {
  return server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify({ by: 'sam', roles: [], ...body }),
  });
}

/** A build that was polled and rolled back. */
async function stopped(flag: string): Promise<string> {
  const text = planFor(flag).replace('service: shop', 'service: shop, build: "shop:1"');
  const { id } = (await (await post('/rollouts', { text })).json()) as { id: string };
  const cohort = (requests: number, errors: number) => ({
    requests,
    ratios: { errors: { events: errors, total: requests } },
    histograms: {},
  });
  await server.rollouts.saveSamples(
    Array.from({ length: POLLS }, (_, i) => {
      const t = (i + 1) * 15;
      const sample = { stage: '5%', t, baseline: cohort(2850, 14), canary: cohort(150, 1) };
      return { rolloutId: id, stage: '5%', t, at: t * 1000, sample, assessment: null };
    }),
  );
  await server.engine.step({ ...(await server.engine.view(id)), stage: '5%' });
  await post(`/rollouts/${id}/actions/rollback`, { reason: 'complaints' });
  await server.flags.release({ environment: 'production', key: flag }, id);
  return id;
}

test('what is long in being read is answered for in time, and goes on with its evidence once it is read', async () => {
  const id = await stopped('slow');
  const retry = () => post(`/rollouts/${id}/retry`, { reason: 'mended' }, 'one-key');
  const told = async () => {
    const refused = await retry();
    const { code, detail } = (await refused.json()) as { code: string; detail: string };
    return [refused.status, code, detail];
  };
  const howFar = `100 of the ${POLLS} polls of ${id} are read by now.`;
  await expect.poll(told).toEqual([503, 'STILL_READING', howFar]);
  for (const path of ['comparison', 'report?format=json', 'proposal']) {
    const asked = await server.api(`/rollouts/${id}/${path}`);
    expect([path, asked.status, await asked.json()]).toMatchObject([path, 503, { code: 'STILL_READING' }]);
  }
  expect(server.engine.started.at(-1)?.id).toBe(id);
  goOn();
  await expect.poll(async () => (await server.api(`/rollouts/${id}/comparison`)).status).toBe(200);
  const done = await retry();
  expect([done.status, await done.json()]).toMatchObject([
    201,
    { evidence: expect.stringContaining(`against build shop:1 of ${id}`) },
  ]);
  expect(server.engine.started.at(-1)).toMatchObject({ id: 'slow-2', carried: expect.anything() });
});

test('the command waits for it', async () => {
  const id = await stopped('waited');
  const mark = server.rollouts.sampleMark;
  let refusals = 0;
  server.rollouts.sampleMark = async (of, until) => {
    if (until === Number.MAX_VALUE) refusals += 1;
    return mark(of, until);
  };
  const { ended } = startCommand(['retry', id, '--reason', 'mended', '--server', server.url], {
    cwd: '/',
    env: { TIDEGATE_TOKEN: server.token },
  });
  await expect.poll(() => refusals, { timeout: 30_000 }).toBeGreaterThan(1);
  goOn();
  const { status, out } = await ended;
  expect([status, out]).toEqual([0, expect.stringContaining(`against build shop:1 of ${id}`)]);
});
