import { Writable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import type { ServerDeps } from '../deps.ts';
import { createStreams } from './stream.ts';
import { createWaker } from './waker.ts';

/** A reader that takes nothing. */
class Deaf extends Writable {
  taken = 0;

  constructor() {
    super({ highWaterMark: 100 });
  }

  writeHead(): void {}

  override _write(): void {
    this.taken += 1;
  }
}

test('a reader that takes nothing is cut off instead of being remembered', async () => {
  const raw = new Deaf();
  const reply = { raw, hijack: () => reply } as unknown as FastifyReply;
  const deps = { now: () => 0 } as ServerDeps;
  let sent = 0;
  let ended = false;
  await createStreams(deps, { slowestMs: 20 }).open({ request: {} as FastifyRequest, reply }, (stream) => ({
    async step() {
      for (;;) {
        sent += 1;
        await stream.send({ id: sent, message: { event: 'change', data: 'x'.repeat(50) } });
      }
    },
    end: () => {
      ended = true;
    },
  }));
  expect(raw.destroyed).toBe(true);
  expect(ended).toBe(true);
  expect(sent).toBeLessThan(4);
});

test('a wake that comes while nobody waits is not lost', async () => {
  const waker = createWaker();
  const { signal } = new AbortController();
  waker.wake();
  await waker.wait(1e6, signal);
  const second = waker.wait(1e6, signal);
  waker.wake();
  await second;
});
