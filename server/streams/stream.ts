import { once } from 'node:events';
import { constants, createGzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure, isFailure } from '../../plans/failures.ts';
import { recheck } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import { problemOf } from '../problem.ts';
import { createWaker, type Waker } from './waker.ts';

const HEARTBEAT_MS = 15_000;
/** While the store does not answer it is asked again after this long. */
const AGAIN_MS = 500;
/** A reader that takes nothing for so long is cut off; it comes back and goes on where it was. */
const SLOWEST_MS = 30_000;
/** What a browser waits before it comes back. */
const RETRY_MS = 1_000;

export interface StreamEvent {
  /** Absent: nobody can go on from here, who comes back begins anew. */
  id?: number;
  /** Absent: only the id goes on, which a reader sends when it comes back. */
  message?: { event: string; data: unknown };
}

/** One open stream of server-sent events (WHATWG HTML, section 9.2). */
export interface Stream {
  /** Resolves once the reader has room for more. Rejects when the stream has ended. */
  send(event: StreamEvent): Promise<void>;
  readonly signal: AbortSignal;
  readonly waker: Waker;
}

export interface Streams {
  /**
   * Answers with a stream. `step` sends what is new and says whether more will come; it is called again at each wake and now
   * and then without one. While it fails for want of a part, the reader is told so once. `packed`: by gzip, where the reader
   * can unpack that.
   */
  open(
    call: { request: FastifyRequest; reply: FastifyReply; packed?: boolean },
    begin: (stream: Stream) => { step: () => Promise<'more' | 'over'>; end: () => void },
  ): Promise<void>;
  /** Cuts off everybody, as the server closes. */
  stop(): void;
}

export function createStreams(
  deps: Pick<ServerDeps, 'access' | 'now'>,
  { slowestMs = SLOWEST_MS }: { slowestMs?: number } = {},
): Streams {
  const all = new Set<AbortController>();
  return {
    async open({ request, reply, packed = false }, begin) {
      reply.hijack();
      const { raw } = reply;
      const ended = new AbortController();
      all.add(ended);
      raw.on('close', () => ended.abort());
      raw.on('error', () => ended.abort());
      const gzip = packed && unpacks(request) ? createGzip({ flush: constants.Z_SYNC_FLUSH }) : null;
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        ...(gzip === null ? {} : { 'content-encoding': 'gzip' }),
      });
      gzip?.pipe(raw);
      const out = gzip ?? raw;
      const write = async (text: string) => {
        if (ended.signal.aborted) throw new Error('the stream has ended');
        if (out.write(text)) return;
        const slow = setTimeout(() => raw.destroy(), slowestMs);
        try {
          // A reader that does not read gets no further events instead of filling the server's memory.
          await once(out, 'drain', { signal: ended.signal });
        } finally {
          clearTimeout(slow);
        }
      };
      let lastSent = deps.now();
      let checkedAt = lastSent;
      const stream: Stream = {
        signal: ended.signal,
        waker: createWaker(),
        async send({ id, message }) {
          const head =
            message === undefined ? '' : `event: ${message.event}\ndata: ${JSON.stringify(message.data)}\n`;
          await write(`${id === undefined ? '' : `id: ${id}\n`}${head}\n`);
          lastSent = deps.now();
        },
      };
      const { step, end } = begin(stream);
      let away = false;
      try {
        await write(`retry: ${RETRY_MS}\n\n`);
        for (;;) {
          try {
            if ((await step()) === 'over') break;
            away = false;
          } catch (error) {
            if (!isFailure(error)) throw error;
            if (!away) await write(`event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`);
            away = true;
          }
          if (deps.now() - checkedAt >= HEARTBEAT_MS) {
            await refuseOutdated(request, deps);
            checkedAt = deps.now();
          }
          if (deps.now() - lastSent >= HEARTBEAT_MS) {
            await write(': still here\n\n');
            lastSent = deps.now();
          }
          await stream.waker.wait(away ? AGAIN_MS : HEARTBEAT_MS, ended.signal);
          if (ended.signal.aborted) break;
        }
      } catch (error) {
        if (isFailure(error) && !ended.signal.aborted)
          out.write(`event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`);
        else if (!ended.signal.aborted) request.log.error({ err: error }, 'event stream broke off');
      } finally {
        end();
        all.delete(ended);
        out.end();
        // Whoever waits for the packed rest of a reader that has gone would wait for ever.
        if (raw.destroyed) gzip?.destroy();
      }
    },
    stop() {
      for (const one of all) one.abort();
    },
  };
}

function unpacks({ headers }: FastifyRequest): boolean {
  return /\bgzip\b/.test(headers['accept-encoding'] ?? '');
}

/** A token that was revoked ends its streams. */
async function refuseOutdated(
  request: FastifyRequest,
  { access }: Pick<ServerDeps, 'access'>,
): Promise<void> {
  try {
    await recheck(request, access);
  } catch (error) {
    if (isFailure(error) && (error.code === 'TOKEN_REFUSED' || error.code === 'LOGIN_NEEDED')) throw error;
  }
}

/** Where a reader that comes back was: its `Last-Event-ID`, or `lastEventId` of the address. Null: it is new. */
export function lastEventId(request: FastifyRequest, asked: number | undefined): number | null {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return asked ?? null;
  const id = Number(header);
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw new Failure('USAGE', 'The Last-Event-ID is none that this stream gave.');
}
