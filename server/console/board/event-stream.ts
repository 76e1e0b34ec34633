import { once } from 'node:events';
import { constants, createGzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface EventStream {
  /** Aborted when the reader has gone or the server closes. */
  signal: AbortSignal;
  /** Waits while the reader does not read, so that nothing piles up here. */
  send(text: string): Promise<void>;
  end(): void;
}

/** Answers with server-sent events, packed where the reader can unpack them: a board of a thousand rollouts is large. */
export function openEventStream(request: FastifyRequest, reply: FastifyReply): EventStream {
  reply.hijack();
  const stop = new AbortController();
  const { raw } = reply;
  raw.on('close', () => stop.abort());
  raw.on('error', () => stop.abort());
  const packed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    ...(packed ? { 'content-encoding': 'gzip' } : {}),
  });
  const gzip = packed ? createGzip({ flush: constants.Z_SYNC_FLUSH }) : null;
  gzip?.pipe(raw);
  const out = gzip ?? raw;
  return {
    signal: stop.signal,
    async send(text) {
      if (!out.write(text)) await once(out, 'drain', { signal: stop.signal });
    },
    end() {
      stop.abort();
      out.end();
      // Whoever waits for the packed rest of a reader that has gone would wait for ever.
      if (raw.destroyed) gzip?.destroy();
    },
  };
}
