import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../app/embedded/ports.ts';
import { adminTokenFile } from '../app/paths.ts';
import type { PreflightReply } from '../server/api/preflights.ts';
import { type Backfilled, startBackfilled } from '../test/fixtures/backfilled.ts';
import { type Running, startCommand } from '../test/fixtures/command.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { BUSY, pastService, QUIET, QUIETEST, servicePlan } from '../test/fixtures/past-service.ts';

let folder = '';
let past: Backfilled;
let database: TestDatabase;
let running: Running;
let url = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-preflights-'));
  [past, database] = await Promise.all([
    startBackfilled(pastService({ now: Date.now() / 1000 })),
    createDatabase(),
  ]);
  const [port, syncPort] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  const config = join(folder, 'tidegate.yaml');
  const settings = {
    server: { port },
    flags: { syncPort },
    data: folder,
    database: { url: database.url },
    temporal: { address: '127.0.0.1:1' },
    sources: { default: { url: past.url } },
  };
  await writeFile(config, stringify(settings));
  // Threads are of the build.
  running = startCommand(['server', '--config', config], { cwd: folder, from: 'build' });
}, 180_000);
afterAll(async () => {
  running?.child.kill('SIGTERM');
  await running?.ended;
  await past?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(path: string, body?: object): Promise<PreflightReply> {
  const { token } = JSON.parse(await readFile(adminTokenFile(folder), 'utf8')) as { token: string };
  const reply = await fetch(`${url}/api/v1/plans/preflights${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(await reply.text());
  return (await reply.json()) as PreflightReply;
}

it('a server reads the past of a service on a thread of its own and says what each stage can show', async () => {
  const text = servicePlan({
    stages: `
  - { name: 1%, percent: 1, bake: 1h }
  - { name: 25%, percent: 25, bake: 24h, promote: { proof: 1pp } }
  - { name: 100%, percent: 100, bake: 1h }`,
  });
  let id = '';
  await expect
    .poll(
      async () => {
        id = (await ask('', { text, days: 2 }).catch(() => ({ id: '' }))).id;
        return id !== '';
      },
      { timeout: 60_000 },
    )
    .toBe(true);
  const seen: PreflightReply[] = [];
  await expect
    .poll(
      async () => {
        const reply = await ask(`/${id}`);
        seen.push(reply);
        return reply.state;
      },
      { timeout: 90_000, interval: 50 },
    )
    .not.toBe('running');
  const last = seen.at(-1);
  expect(last?.problem).toBeNull();
  expect(seen.some(({ state, done, whole }) => state === 'running' && done > 0 && done < whole)).toBe(true);
  const { stages = [], traffic = [] } = last?.report ?? {};
  const errors = traffic.find(({ metric }) => metric === 'errors');
  const day = (23 * BUSY + QUIET) / 24;
  expect(errors?.quietest?.hour).toBe(QUIETEST);
  expect((errors?.perHour ?? 0) / day).toBeCloseTo(1, 1);
  const [one, quarter, full] = stages;
  expect((one?.perHour ?? 0) / (day / 100)).toBeCloseTo(1, 1);
  expect(quarter?.metrics[0]).toMatchObject({ metric: 'errors', proof: { asked: true, margin: '1 pp' } });
  expect(quarter?.metrics[0]?.finds.length).toBeGreaterThan(0);
  expect(full).toMatchObject({ compared: false, metrics: [] });
}, 180_000);
