import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, listenAt } from './app.ts';

const LARGE = Buffer.alloc(40_000_000, 'x');
let app: FastifyInstance;
let url: URL;

beforeAll(async () => {
  const patience = { requestMs: 500, answerMs: 500, lookMs: 50 };
  app = createApp(pino({ level: 'silent' }), { patience });
  app.get('/large', async () => LARGE);
  app.post('/ask', async () => ({ ok: true }));
  // Twice as long as a client may take nothing.
  app.post('/slow', async () => setTimeout(1_000, { ok: true }));
  url = new URL(await listenAt(app, { host: '127.0.0.1', port: 0 }));
});
afterAll(() => app.close());

const open = () => new Promise<number>((done) => app.server.getConnections((_, count) => done(count)));

async function client(request: string): Promise<Socket> {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  socket.on('error', () => undefined);
  await new Promise((done) => socket.once('connect', done));
  socket.write(request);
  await expect.poll(open).toBe(1);
  return socket;
}

describe('a client is dropped', () => {
  it('that reads nothing of its answer', async () => {
    // Nobody listens for data: the socket takes none.
    const socket = await client('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(open, { timeout: 20_000 }).toBe(0);
    socket.destroy();
  });

  it('that never ends its request', async () => {
    const head =
      'POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
    const socket = await client(head);
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString();
    });
    await expect.poll(open, { timeout: 20_000 }).toBe(0);
    expect(heard).toContain('408');
    socket.destroy();
  });
});

it('an answer that takes longer to make is waited for, also on a connection that has had one', async () => {
  const socket = await client('');
  for (const path of ['ask', 'slow']) {
    const answer = new Promise<string>((done) => {
      socket.once('data', (bytes) => done(bytes.toString()));
      socket.once('close', () => done('closed'));
    });
    socket.write(`POST /${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    expect(await answer).toContain('200 OK');
  }
  socket.destroy();
});
