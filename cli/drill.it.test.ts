import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
  await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: planFor('pricing') }),
  });
});
afterAll(() => server.close());

const broken = () => server.flagService.document('production').text.includes('tidegate.drill.errorRate');
const drill = (...more: string[]) =>
  startCommand(['drill', 'pricing', ...more, '--server', server.url], { cwd: server.dataDir });

test('Ctrl-C breaks a drill off and mends the flag', async () => {
  const running = drill('--yes', '--within', '10m');
  await expect.poll(() => running.out(), { timeout: 30_000 }).toContain('runs: not detected yet');
  expect(broken()).toBe(true);
  running.child.kill('SIGINT');
  const { status, out } = await running.ended;
  expect([status, out]).toEqual([130, expect.stringContaining('pricing-1: not passed: broken off')]);
  expect(broken()).toBe(false);
});

test('nobody is touched before somebody has said yes', async () => {
  const { status, err } = await drill().ended;
  expect([status, err]).toEqual([2, expect.stringMatching(/say --yes[\s\S]*0\.25 % of everybody/)]);
  expect(broken()).toBe(false);
});
