import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../app/embedded/ports.ts';
import { adminTokenFile } from '../app/paths.ts';
import { startCommand } from '../test/fixtures/command.ts';

let folder = '';
let receiver: Server;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  receiver?.close();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

/** A receiver of traces that takes them and never answers. */
async function silentReceiver(): Promise<string> {
  receiver = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

it('a server ends although what takes its traces does not answer for as long as it may take', async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-end-'));
  const [port, syncPort] = [await freePort(), await freePort()];
  const config = join(folder, 'tidegate.yaml');
  await writeFile(
    config,
    stringify({
      server: { port },
      flags: { syncPort },
      data: folder,
      // Neither is there: a server serves flags without them.
      database: { url: 'postgres://nobody:nothing@127.0.0.1:1/none' },
      temporal: { address: '127.0.0.1:1' },
    }),
  );
  const running = startCommand(['server', '--config', config], {
    cwd: folder,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: await silentReceiver(),
      // Longer than any test: a process that waits for it is killed as late.
      OTEL_EXPORTER_OTLP_TIMEOUT: '3600000',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
  });
  try {
    const asked = async () => {
      const { token } = JSON.parse(await readFile(adminTokenFile(folder), 'utf8')) as { token: string };
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/plans/check`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ text: 'no plan' }),
      });
      return reply.status;
    };
    await expect.poll(() => asked().catch(() => 0), { timeout: 60_000 }).toBe(200);
    await expect.poll(() => sockets.length, { timeout: 20_000 }).toBeGreaterThan(0);
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ status: 0 });
  } finally {
    running.child.kill('SIGKILL');
  }
}, 120_000);
