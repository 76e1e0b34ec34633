import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { flagState } from '../test/fixtures/flag-state.ts';
import { startWire } from '../test/fixtures/wire.ts';
import { type FlagService, startFlagService } from './service.ts';
import { startSync } from './sync.ts';

const log = { info: () => undefined, warn: () => undefined };
const soon = { timeout: 15_000, interval: 5 };
let dataDir: string;
let service: FlagService;
const clients: Client[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-keep-alive-'));
  const options = { flagStore: null, databaseUrl: null, dataDir, segments: {}, log };
  const first = await startFlagService(options);
  first.accept(flagState(0, 1));
  await first.stop();
  service = await startFlagService(options);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await service.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** A client that follows the flags; `over` ends with what ended it. */
function follow(port: number, options = {}): { heard: () => number; over: Promise<unknown> } {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    ...options,
  });
  clients.push(client);
  const bytes = (all: Buffer) => all;
  const stream = client.makeServerStreamRequest(
    '/flagd.sync.v1.FlagSyncService/SyncFlags',
    bytes,
    bytes,
    Buffer.alloc(0),
  );
  let heard = 0;
  stream.on('data', () => {
    heard += 1;
  });
  const over = new Promise((resolve) => void stream.on('error', resolve).on('end', () => resolve('end')));
  return { heard: () => heard, over };
}

test('a client that answers no ping any more is ended, with nothing to tell it; one that answers stays', async () => {
  const keepAlive = { everyMs: 300, answerMs: 2_000 };
  const server = await startSync({ service, host: '127.0.0.1', port: 0, keepAlive });
  const wire = await startWire({ host: '127.0.0.1', port: server.port });
  const [gone, there] = [follow(wire.port), follow(server.port)];
  await vi.waitFor(() => expect([gone.heard(), there.heard()]).toEqual([1, 1]), soon);
  expect(server.streams()).toBe(2);
  wire.hang();
  await vi.waitFor(() => expect(server.streams()).toBe(1), soon);
  // The one that is left is the one that answers.
  service.accept(flagState(50, 2));
  await vi.waitFor(() => expect(there.heard()).toBe(2), soon);
  expect(gone.heard()).toBe(1);
  await wire.close();
  await gone.over;
  await server.stop();
});

test('a client that has lost its server without a word notices by its own pings, and the server bears them', async () => {
  const server = await startSync({ service, host: '127.0.0.1', port: 0 });
  const wire = await startWire({ host: '127.0.0.1', port: server.port });
  const pinging = { 'grpc.keepalive_time_ms': 300, 'grpc.keepalive_timeout_ms': 1_000 };
  const client = follow(wire.port, pinging);
  await vi.waitFor(() => expect(client.heard()).toBe(1), soon);
  wire.hang();
  expect(await client.over).toMatchObject({ code: 14 });
  await wire.close();
  await server.stop();
});

test.each([
  ['that follows flags', true],
  ['that waits between its calls', false],
])('a client %s may ping as often as it likes: it is answered, and not told to go away', async (_, calls) => {
  const server = await startSync({ service, host: '127.0.0.1', port: 0 });
  const session = connect(`http://127.0.0.1:${server.port}`);
  const farewells: number[] = [];
  session.on('goaway', (code) => farewells.push(code)).on('error', () => farewells.push(-1));
  await new Promise((resolve) => session.once('connect', resolve));
  if (calls) {
    const call = session.request({
      ':method': 'POST',
      ':path': '/flagd.sync.v1.FlagSyncService/SyncFlags',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.on('error', () => undefined).end(Buffer.alloc(5));
    await vi.waitFor(() => expect(server.streams()).toBe(1), soon);
  }
  // gRPC's own servers take two that come too soon, and end the connection with ENHANCE_YOUR_CALM (too_many_pings).
  for (let pings = 0; pings < 50; pings += 1)
    await new Promise<void>((resolve, reject) => {
      const sent = session.ping((error) => (error === null ? resolve() : reject(error)));
      if (!sent) reject(new Error('the connection takes no ping'));
    });
  expect(farewells).toEqual([]);
  expect(server.streams()).toBe(calls ? 1 : 0);
  expect(session.closed).toBe(false);
  session.destroy();
  await server.stop();
});
