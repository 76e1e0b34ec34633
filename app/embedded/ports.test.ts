import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { describeBusyPort, freePort, isPortFree, nextFreePort } from './ports.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('ports', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('sees that one is taken on %s and offers another', async (host) => {
    const port = await listen(host);
    expect(await isPortFree(port)).toBe(false);
    const other = await nextFreePort(port);
    expect(other).not.toBe(port);
    expect(await isPortFree(other)).toBe(true);
  });

  it('does not offer what is promised to another part', async () => {
    const port = await freePort();
    expect(await nextFreePort(port, new Set([port]))).not.toBe(port);
  });

  it('names who has it', async () => {
    const port = await listen('127.0.0.1');
    expect(await describeBusyPort(port)).toContain(`port ${port} is taken by `);
    expect(await describeBusyPort(port)).toContain(`(process ${process.pid})`);
  });
});
