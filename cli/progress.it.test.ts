import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { noTerminal, startOnTerminal } from '../test/fixtures/terminal.ts';

const missing = noTerminal();

/** In front of the real server: answers come when the test lets them. */
let slow: Server;
let server: ApiServer;
let id = '';
const held: (() => void)[] = [];
beforeAll(async () => {
  server = await startApiServer();
  const made = await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: 'ada', roles: [], text: planFor('slow') }),
  });
  id = ((await made.json()) as { id: string }).id;
  slow = createServer((request, response) => {
    const answer = () =>
      void fetch(server.url + (request.url ?? ''), {
        headers: { authorization: request.headers.authorization ?? '' },
      }).then(async (reply) => {
        response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' });
        response.end(await reply.text());
      });
    if (request.url?.endsWith('/report?format=markdown') === true) held.push(answer);
    else answer();
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  slow?.closeAllConnections();
  slow?.close();
  await server?.close();
});
const url = () => `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
const args = () => ['report', id, '--server', url(), '--token', server.token];

describe.skipIf(missing !== '')(`on a terminal${missing && ` (skipped: ${missing})`}`, () => {
  test('a report that takes its time says so, and leaves no trace of it', async () => {
    const run = startOnTerminal(args(), { cwd: server.dataDir, env: {}, columns: 80, rows: 24 });
    await expect.poll(() => run.out(), { timeout: 30_000 }).toMatch(/making the report, 1 s/);
    held.splice(0).forEach((answer) => answer());
    expect(await run.ended).toBe(0);
    const [, after = ''] = run.out().split(/\r\x1b\[K(?=[^⠀-⣿])/u);
    expect(after).toContain('# ');
    expect(after).not.toContain('making the report');
  }, 60_000);
});
