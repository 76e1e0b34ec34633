import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutView } from '../plans/view.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { noTerminal, startOnTerminal } from '../test/fixtures/terminal.ts';
import { startWire, type Wire } from '../test/fixtures/wire.ts';

const LONG = { timeout: 20_000 };
let server: ApiServer;
/** Between commands and server: cut it and the server is gone. */
let wire: Wire;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  server = await startApiServer();
  const { hostname, port } = new URL(server.url);
  wire = await startWire({ host: hostname, port: Number(port) });
  env = { TIDEGATE_SERVER: `http://127.0.0.1:${wire.port}`, TIDEGATE_TOKEN: server.token };
}, 60_000);
afterAll(async () => {
  await wire?.close();
  await server?.close();
});

async function submitted(flag: string): Promise<string> {
  const reply = await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: planFor(flag), by: 'ada', roles: [] }),
  });
  return ((await reply.json()) as { id: string }).id;
}

async function step(id: string, over: Partial<RolloutView>, summary: string): Promise<void> {
  const row = await server.rollouts.get(id);
  if (row?.view == null) throw new Error('no view');
  await server.engine.step({ ...row.view, ...over }, { summary });
}

const count = (text: string, part: string) => text.split(part).length - 1;

test('a pipe gets each rollout, then a line for each change, also of the time without a server, once', async () => {
  const [a, b] = [await submitted('first'), await submitted('second')];
  const watching = startCommand(['watch'], { cwd: server.dataDir, env });
  await expect.poll(watching.out, LONG).toContain(`${a}: active; production, stage 5%;`);
  await expect.poll(watching.out, LONG).toContain(`${b}: active`);
  const pause = { reason: 'errors', since: Date.now(), deadline: Date.now() + 3_600_000, then: 'step-back' };
  await step(a, { pause }, 'Paused at errors.');
  await expect
    .poll(watching.out, LONG)
    .toMatch(new RegExp(`${a}: paused; .*Paused at errors.*must act: an operator`));

  await wire.cut();
  await expect.poll(watching.out, LONG).toContain('tidegate: lost the server, trying again');
  await step(a, { pause: null }, 'Resumed while nobody saw it');
  await step(b, { phase: 'rolled-back', endedAt: Date.now() }, 'Rolled back while nobody saw it');
  await wire.mend();
  await expect.poll(watching.out, LONG).toContain('tidegate: the server is back');
  await expect.poll(watching.out, LONG).toContain('Rolled back while nobody saw it');
  await submitted('third');
  await expect.poll(watching.out, LONG).toContain('third-1: active');
  expect(count(watching.out(), 'Resumed while nobody saw it')).toBe(1);
  expect(count(watching.out(), 'Rolled back while nobody saw it')).toBe(1);
  expect(count(watching.out(), 'Paused at errors')).toBe(1);
  expect(count(watching.out(), 'lost the server')).toBe(1);
  expect(watching.out()).not.toContain('\x1b');

  watching.child.kill('SIGINT');
  const { status, err } = await watching.ended;
  expect([status, err]).toEqual([130, '']);
}, 60_000);

test('--json gives one object for each change, and what a gate sees otherwise', async () => {
  const id = await submitted('json');
  const watching = startCommand(['watch', '--json'], { cwd: server.dataDir, env });
  const lines = () =>
    watching
      .out()
      .split('\n')
      .slice(0, -1)
      .map(
        (line) =>
          JSON.parse(line) as {
            row: { id: string; gate: { verdict: string } | null };
            entry: { summary: string } | null;
          },
      )
      .filter(({ row }) => row.id === id);
  await expect.poll(() => lines().length, LONG).toBe(1);
  await step(id, {}, 'something');
  await expect.poll(() => lines().map(({ entry }) => entry?.summary), LONG).toEqual([undefined, 'something']);
  const assessment = { verdict: 'no-data', lnE: 0, threshold: 4, metric: null };
  await server.rollouts.saveSamples([
    { rolloutId: id, stage: '5%', t: 30, at: Date.now(), sample: null, assessment },
  ]);
  await expect.poll(() => lines().at(-1)?.row.gate?.verdict, LONG).toBe('no-data');
  watching.child.kill('SIGINT');
  expect((await watching.ended).status).toBe(130);
}, 60_000);

test('without a server it says so at once', async () => {
  const nowhere = { ...env, TIDEGATE_SERVER: 'http://127.0.0.1:9' };
  const { status, err } = await startCommand(['watch'], { cwd: server.dataDir, env: nowhere }).ended;
  expect(status).toBe(3);
  expect(err).toContain('(SERVER_UNREACHABLE)');
}, 30_000);

const missing = noTerminal();
describe.skipIf(missing !== '')(`on a terminal${missing && ` (skipped: ${missing})`}`, () => {
  test.each([
    ['in colour', {}],
    ['without', { NO_COLOR: '1' }],
  ])(
    'it is one picture drawn again in its place, %s, which Ctrl-C ends',
    async (_name, colour) => {
      const flag = `shown${Object.keys(colour).length}`;
      const id = await submitted(flag);
      const shown = startOnTerminal(['watch'], {
        cwd: server.dataDir,
        env: { ...env, ...colour },
        columns: 110,
        rows: 24,
      });
      await expect.poll(shown.out, LONG).toContain(id);
      expect(shown.out()).toMatch(/\d+ active rollouts/);
      await step(id, {}, 'What has just happened.');
      await expect.poll(shown.out, LONG).toContain(`${id}: What has just happened.`);
      // Up and drawn again, and no line below the last.
      expect(shown.out()).toMatch(/\x1b\[\d+A\r/);
      await wire.cut();
      await expect.poll(shown.out, LONG).toMatch(/server lost .*trying again/);
      await wire.mend();
      await expect.poll(shown.out, LONG).toContain('tidegate: the server is back');
      shown.type('\x03');
      expect(await shown.ended).toBe(130);
      expect(shown.out().trimEnd().endsWith('\x1b[?25h')).toBe(true);
      expect(/\x1b\[\d*m/.test(shown.out())).toBe(Object.keys(colour).length === 0);
    },
    60_000,
  );
});
