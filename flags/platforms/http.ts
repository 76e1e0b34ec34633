import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../plans/failures.ts';

export interface PlatformRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Behind the base address. */
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

export interface PlatformResponse {
  status: number;
  headers: Headers;
  text: string;
}

/** Asks a platform over HTTP. Answers that the caller names in `expected` come back; all others are a `Failure`. */
export interface PlatformClient {
  readonly where: string;
  ask(request: PlatformRequest, expected: readonly number[]): Promise<PlatformResponse>;
}

export interface ClientOptions {
  /** As in `providers` of tidegate.yaml, for messages. */
  name: string;
  url: string;
  /** Seconds for one request. */
  timeout: number;
  /** Headers of a request, made anew for each attempt: a signature has the time in it. */
  headers: (request: PlatformRequest, url: URL) => Record<string, string>;
}

/** How long a platform that says "too many requests" is waited for inside one call; longer, and the caller decides. */
const PATIENCE_MS = 5_000;
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 100;

/**
 * Reads are tried again when the connection breaks or the platform has trouble. A write is tried again only where the platform
 * says that it did not take it (429, 503 with Retry-After): any other may have landed, and its caller reads back.
 */
export function createPlatformClient({ name, url, timeout, headers }: ClientOptions): PlatformClient {
  const where = url.replace(/\/$/, '');

  async function once(request: PlatformRequest): Promise<PlatformResponse> {
    const { method, path, body } = request;
    const target = new URL(where + path);
    try {
      const response = await fetch(target, {
        method,
        headers: { ...headers(request, target), ...request.headers },
        redirect: 'error',
        signal: AbortSignal.timeout(timeout * 1000),
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (cause) {
      const what = isTimeout(cause) ? `did not answer within ${timeout} s` : 'does not answer';
      throw new Failure('PLATFORM_UNREACHABLE', `The flag platform "${name}" ${what}.`, { where, cause });
    }
  }

  async function ask(request: PlatformRequest, expected: readonly number[]): Promise<PlatformResponse> {
    const end = Date.now() + PATIENCE_MS;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(request).catch((error: unknown) => {
        // One that hangs is not asked again: a kill waits for the answer.
        if (request.method !== 'GET' || attempt === ATTEMPTS || isLate(error)) throw error;
        return null;
      });
      if (answer !== null && expected.includes(answer.status)) return answer;
      const wait = answer === null ? FIRST_WAIT_MS * 2 ** attempt : waitOf(answer, request.method, attempt);
      if (wait === null || attempt >= ATTEMPTS || Date.now() + wait > end) throw refusal(name, where, answer);
      await sleep(wait);
    }
  }

  return { where, ask };
}

/** Milliseconds until another attempt may help; null: none does. */
function waitOf({ status, headers }: PlatformResponse, method: string, attempt: number): number | null {
  const asked = retryAfter(headers);
  if (status === 429) return asked ?? FIRST_WAIT_MS * 2 ** attempt;
  if (status === 503 && asked !== null) return asked;
  return method === 'GET' && status >= 500 ? FIRST_WAIT_MS * 2 ** attempt : null;
}

/** `Retry-After` in seconds or as a date, `retry-after-ms` (Azure), or `X-Ratelimit-Reset` (milliseconds since 1970). */
function retryAfter(headers: Headers): number | null {
  const milliseconds = headers.get('retry-after-ms');
  if (milliseconds !== null && /^\d+$/.test(milliseconds)) return Number(milliseconds);
  const after = headers.get('retry-after');
  if (after !== null) {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  const reset = headers.get('x-ratelimit-reset');
  return reset !== null && /^\d+$/.test(reset) ? Math.max(0, Number(reset) - Date.now()) : null;
}

const LONGEST = 300;

function refusal(name: string, where: string, answer: PlatformResponse | null): Failure {
  if (answer === null)
    return new Failure('PLATFORM_UNREACHABLE', `The flag platform "${name}" does not answer.`, { where });
  const { status, text } = answer;
  const said = text.trim().slice(0, LONGEST);
  const details = said === '' ? [] : [said];
  if (status === 429)
    return new Failure(
      'PLATFORM_UNREACHABLE',
      `The flag platform "${name}" takes no more requests now (429).`,
      {
        where,
        details,
      },
    );
  if (status >= 500 || status === 408)
    return new Failure(
      'PLATFORM_UNREACHABLE',
      `The flag platform "${name}" has trouble: it answers ${status}.`,
      {
        where,
        details,
      },
    );
  const what =
    status === 401 || status === 403 ? `does not let Tidegate in (${status})` : `answers ${status}`;
  return new Failure('PLATFORM_REFUSED', `The flag platform "${name}" ${what}.`, { where, details });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function isLate(error: unknown): boolean {
  return error instanceof Error && isTimeout(error.cause);
}
