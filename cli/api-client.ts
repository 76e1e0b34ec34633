import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Failure, isFailure } from '../plans/failures.ts';
import { Problem } from '../server/api.ts';
import type { Credential } from './credentials.ts';
import { isFailureCode } from './failure.ts';
import { patiently } from './render/patience.ts';

const TIMEOUT_MS = 30_000;
const ATTEMPTS = 4;
const AGAIN_MS = 700;
/** Six weeks of polls are read in less. */
const READ_WITHIN_MS = 10 * 60_000;
/** The request may have arrived, unlike with a server that is not there at all. */
const BROKEN_OFF = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function maySendAgain(error: Failure): boolean {
  if (error.code === 'IDEMPOTENCY_BUSY') return true;
  const cause = error.cause instanceof Error ? (error.cause.cause ?? error.cause) : undefined;
  return (
    error.code === 'SERVER_UNREACHABLE' &&
    cause instanceof Error &&
    'code' in cause &&
    BROKEN_OFF.has(String(cause.code))
  );
}

/** Does `work` again for as long as the server is still reading what it needs for the answer. */
async function untilRead<T>(work: () => Promise<T>, tell: (howFar: string) => void): Promise<T> {
  const end = Date.now() + READ_WITHIN_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isFailure(error) || error.code !== 'STILL_READING' || Date.now() > end) throw error;
      tell(error.message.replace(/\.$/, ''));
      await sleep(AGAIN_MS);
    }
  }
}

const timedOut = () => new DOMException('no answer in time', 'TimeoutError');

/** A refusal of the server as the failure that it was there. */
export function failureOf(problem: Problem): Failure {
  const { code, detail, where, details } = problem;
  return new Failure(isFailureCode(code) ? code : 'INTERNAL', detail, {
    details,
    ...(where === undefined ? {} : { where }),
  });
}

function unreachable(server: string, error: unknown): Failure {
  const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause : error) : undefined;
  const code = reason !== undefined && 'code' in reason ? String(reason.code) : (reason?.name ?? 'no answer');
  const text = code === 'TimeoutError' ? 'it does not answer in time' : code;
  return new Failure('SERVER_UNREACHABLE', `The server cannot be reached (${text}).`, {
    where: server,
    cause: error,
  });
}

/** The HTTP API for commands. Every refusal is a `Failure`; no server at all is `SERVER_UNREACHABLE`. */
export class ApiClient {
  readonly #server: string;
  readonly #credential: () => Promise<Credential | null>;
  readonly #waits: string | null;

  /** `waits`: what a terminal says while an answer is long in coming; null: nothing, for what draws the screen itself. */
  constructor(
    { server, credential }: { server: string; credential: () => Promise<Credential | null> },
    { waits = 'waiting for the server' }: { waits?: string | null } = {},
  ) {
    this.#server = server;
    this.#credential = credential;
    this.#waits = waits;
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    let says = this.#waits ?? '';
    const read = () =>
      untilRead(work, (howFar) => {
        says = howFar;
      });
    return this.#waits === null ? read() : patiently(() => says, read);
  }

  get<T extends z.ZodType>(path: string, reply: T): Promise<z.output<T>> {
    return this.#call(path, { method: 'GET' }, reply);
  }

  post<T extends z.ZodType>(path: string, body: unknown, reply: T): Promise<z.output<T>> {
    return this.#call(
      path,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      reply,
    );
  }

  /** A question with a body, whose answer may take longer than usual. */
  ask<T extends z.ZodType>(
    path: string,
    { body, reply, timeoutMs }: { body: unknown; reply: T; timeoutMs: number },
  ): Promise<z.output<T>> {
    const headers = { 'content-type': 'application/json' };
    return this.#call(path, { method: 'POST', headers, body: JSON.stringify(body) }, reply, timeoutMs);
  }

  /**
   * A change that is carried out once however often it is sent: where the line breaks off it is sent again with the same key,
   * and the answer is the first one's.
   */
  async change<T extends z.ZodType>(
    path: string,
    { body, reply, timeoutMs = TIMEOUT_MS }: { body: unknown; reply: T; timeoutMs?: number },
  ): Promise<z.output<T>> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#call(
          path,
          { method: 'POST', headers, body: JSON.stringify(body) },
          reply,
          timeoutMs,
        );
      } catch (error) {
        if (attempt === ATTEMPTS || !isFailure(error) || !maySendAgain(error)) throw error;
        await sleep(AGAIN_MS);
      }
    }
  }

  delete<T extends z.ZodType>(path: string, reply: T): Promise<z.output<T>> {
    return this.#call(path, { method: 'DELETE' }, reply);
  }

  /** A body that is no JSON value, such as JSON lines. */
  text(path: string): Promise<string> {
    return this.#patiently(() => this.#text(path));
  }

  async #text(path: string): Promise<string> {
    const response = await this.#fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw await this.#refusal(response);
    try {
      return await response.text();
    } catch (error) {
      throw unreachable(this.#server, error);
    }
  }

  /** A body of any length, as it comes. Only the wait for a piece has a limit. */
  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    const patience = new AbortController();
    let timer = setTimeout(() => patience.abort(timedOut()), TIMEOUT_MS);
    try {
      const response = await this.#patiently(() => this.#fetch(path, { signal: patience.signal }));
      if (!response.ok) throw await this.#refusal(response);
      for await (const piece of response.body ?? []) {
        clearTimeout(timer);
        yield piece;
        timer = setTimeout(() => patience.abort(timedOut()), TIMEOUT_MS);
      }
    } catch (error) {
      throw isFailure(error) ? error : unreachable(this.#server, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Opens an event stream; its text arrives in pieces until either side ends it. */
  async stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#fetch(path, { headers: { accept: 'text/event-stream' }, signal });
    if (!response.ok) throw await this.#refusal(response);
    if (response.body === null) throw unreachable(this.#server, undefined);
    return response.body;
  }

  #call<T extends z.ZodType>(
    path: string,
    init: RequestInit,
    reply: T,
    timeoutMs = TIMEOUT_MS,
  ): Promise<z.output<T>> {
    return this.#patiently(() => this.#answer(path, init, { reply, timeoutMs }));
  }

  async #answer<T extends z.ZodType>(
    path: string,
    init: RequestInit,
    { reply, timeoutMs }: { reply: T; timeoutMs: number },
  ): Promise<z.output<T>> {
    const response = await this.#fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw await this.#refusal(response);
    const parsed = reply.safeParse(await this.#json(response));
    if (parsed.success) return parsed.data;
    throw new Failure('SERVER_UNREACHABLE', 'The server answers in a form that this command does not know.', {
      where: `${this.#server}${path}`,
      details: ['Are command and server of the same version?', ...z.prettifyError(parsed.error).split('\n')],
    });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    let url: URL;
    try {
      url = new URL(`${this.#server}/api/v1${path}`);
    } catch {
      throw new Failure('USAGE', `${this.#server} is not an address such as http://127.0.0.1:7070.`);
    }
    try {
      const headers = new Headers(init.headers);
      const credential = await this.#credential();
      if (credential !== null) headers.set('authorization', `Bearer ${credential.token}`);
      return await fetch(url, { ...init, headers });
    } catch (error) {
      throw unreachable(this.#server, error);
    }
  }

  async #json(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw unreachable(this.#server, error);
    }
  }

  async #refusal(response: Response): Promise<Failure> {
    const problem = Problem.safeParse(await this.#json(response));
    if (problem.success) return failureOf(problem.data);
    return new Failure(
      'SERVER_UNREACHABLE',
      `What answers there is no Tidegate server (HTTP ${response.status}).`,
      {
        where: this.#server,
      },
    );
  }
}
