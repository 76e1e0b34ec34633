import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { within } from '../flags/deadline.ts';
import { Failure } from '../plans/failures.ts';
import type { IdempotencyStore, KeptAnswer, KeyedRequest } from '../store/idempotency.ts';
import { callerOf } from './auth/guard.ts';

/**
 * What an `Idempotency-Key` does at a route. `wanted`: it is kept or nothing is done. `hasty`: what is in a hurry goes on
 * without it while PostgreSQL does not answer. `none`: the answer is a secret, or the request has a mark of its own.
 */
export type Idempotency = 'wanted' | 'hasty' | 'none';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Without it: `wanted`. */
    idempotency?: Idempotency;
  }
  interface FastifyRequest {
    keyed: { request: KeyedRequest; renewing: NodeJS.Timeout } | null;
  }
}

export const KEY_HEADER = 'idempotency-key';
/** On an answer that was given before. */
export const REPLAYED_HEADER = 'idempotency-replayed';

/** A server that dies leaves its requests to others after this long. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** How long a kill waits for PostgreSQL to know its key. */
const HASTE_MS = 300;
/** A structured-field string (RFC 8941), or its characters alone. */
const KEY = /^(?:"(?<quoted>[\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|(?<bare>[\x21\x23-\x7e]{1,255}))$/;
const KEPT_HEADERS = ['content-type', 'location'];
/** Not the answer to what was asked, but about the sender or the moment. */
const PASSING = new Set([401, 403, 429]);

/**
 * The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): the same request with the same key is carried out once,
 * and whoever repeats it gets the first answer. Errors: `IDEMPOTENCY_MISMATCH`, `IDEMPOTENCY_BUSY`, `USAGE`.
 */
export function idempotent(app: FastifyInstance, store: IdempotencyStore): void {
  app.decorateRequest('keyed', null);

  app.addHook('preHandler', async (request, reply) => {
    const sent = request.headers[KEY_HEADER];
    if (sent === undefined || request.method === 'GET' || request.method === 'HEAD') return;
    const { access, idempotency = 'wanted' } = request.routeOptions.config;
    if (access === 'public' || idempotency === 'none') {
      throw new Failure('USAGE', 'This address takes no Idempotency-Key.');
    }
    const keyed = keyedRequest(request, keyOf(String(sent)));
    const begun = store.begin(keyed, LEASE_MS);
    if (idempotency === 'hasty') {
      try {
        await within(HASTE_MS, begun);
      } catch (error) {
        request.log.warn({ err: error }, 'goes on without its Idempotency-Key');
        // What was taken late is given back, so that a repetition is not told that it is in work.
        begun.then(() => store.release(keyed)).catch(() => undefined);
        return;
      }
    }
    const state = await begun;
    switch (state.kind) {
      case 'yours': {
        const renewing = setInterval(() => {
          store.renew(keyed, LEASE_MS).catch(() => undefined);
        }, RENEW_MS);
        renewing.unref();
        request.keyed = { request: keyed, renewing };
        return;
      }
      case 'answered':
        return repeat(reply, state.answer);
      case 'busy':
        reply.header('retry-after', '1');
        throw new Failure('IDEMPOTENCY_BUSY', `The request ${keyed.key} is still in work.`);
      case 'mismatch':
        throw new Failure('IDEMPOTENCY_MISMATCH', `The key ${keyed.key} was sent with another request.`);
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { keyed } = request;
    if (keyed === null) return payload;
    request.keyed = null;
    clearInterval(keyed.renewing);
    const { statusCode } = reply;
    try {
      if (statusCode >= 500 || PASSING.has(statusCode) || typeof payload !== 'string')
        await store.release(keyed.request);
      else
        await store.answer(keyed.request, { status: statusCode, headers: keptHeaders(reply), body: payload });
    } catch (error) {
      // It was carried out: whoever asks again is told so by what there is then.
      request.log.warn({ err: error }, 'the answer to a request with an Idempotency-Key was not kept');
    }
    return payload;
  });
}

/** What tells one request of one sender from all others, for what carries it out; undefined: it has no key. */
export function requestIdOf({ keyed }: FastifyRequest): { requestId?: string } {
  if (keyed === null) return {};
  const { principal, key, hash } = keyed.request;
  return { requestId: sha256([principal, key, hash]) };
}

function keyOf(sent: string): string {
  const groups = KEY.exec(sent)?.groups;
  const key = groups?.['quoted'] ?? groups?.['bare'];
  if (key !== undefined) return key;
  throw new Failure('USAGE', 'The Idempotency-Key is not one: 1 to 255 visible characters, such as a UUID.');
}

function keyedRequest(request: FastifyRequest, key: string): KeyedRequest {
  const { name, tokenId } = callerOf(request);
  const { method, url, body } = request;
  return {
    principal: `${tokenId ?? 'login'} ${name}`,
    key,
    hash: sha256([method, url, ordered(body)]),
    holder: randomUUID(),
  };
}

function sha256(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** With the keys of objects in order: the same content is the same request. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => [name, ordered(item)]);
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );
}

function repeat(reply: FastifyReply, { status, headers, body }: KeptAnswer): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers, [REPLAYED_HEADER]: 'true' })
    .serializer((text: unknown) => String(text))
    .send(body);
}
