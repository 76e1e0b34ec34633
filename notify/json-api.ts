import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import { Throttled } from './channel.ts';
import { plainText } from './escaping.ts';

interface JsonApiOptions {
  /** Of the channel, for messages. */
  name: string;
  /** Whose API it is, for messages. */
  service: string;
  url: string;
  authorization: string;
  /** Seconds for one request, the answer's body included. */
  timeout: number;
}

/** An answer that is no success. `status` is that of HTTP. */
export class Refused extends Failure {
  readonly status: number;

  constructor(message: string, more: { status: number; where: string; details: string[] }) {
    const { status, ...rest } = more;
    super('CHANNEL_FAILED', message, rest);
    this.status = status;
  }
}

export interface JsonApi {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  patch(path: string, body: object): Promise<unknown>;
}

const Said = z.union([z.string(), z.array(z.string()), z.record(z.string(), z.string())]);
const Refusal = z.looseObject({
  message: Said.optional().catch(undefined),
  error: Said.optional().catch(undefined),
  errors: Said.optional().catch(undefined),
  errorMessages: Said.optional().catch(undefined),
});

/**
 * One attempt for each request, because the outbox tries again. @throws Failure CHANNEL_FAILED: `Throttled` for 420 and 429,
 * `Refused` for any other answer that is no success
 */
export function createJsonApi(options: JsonApiOptions): JsonApi {
  const { name, service, timeout } = options;
  const base = options.url.replace(/\/+$/, '');

  async function request(method: string, path: string, body?: object): Promise<unknown> {
    const fail = (cause: unknown) => {
      const late = cause instanceof Error && cause.name === 'TimeoutError';
      const said = late ? `no answer within ${timeout} s` : `${service} cannot be reached`;
      return new Failure('CHANNEL_FAILED', `Channel ${name}: ${said}`, { where: base, cause });
    };
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${base}${path}`, {
        method,
        headers: {
          authorization: options.authorization,
          accept: 'application/json',
          'user-agent': 'tidegate',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout * 1000),
      });
      text = await response.text();
    } catch (cause) {
      throw fail(cause);
    }
    const { status } = response;
    if (response.ok) return parsed(text);
    const details = saidIn(parsed(text));
    const message = `Channel ${name}: ${service} answers ${status}${details.length > 0 ? `: ${details.join(', ')}` : ''}`;
    // Statuspage also says 420.
    if (status === 429 || status === 420)
      throw new Throttled(message, { where: base, retryAfterMs: retryAfterMs(response.headers) });
    throw new Refused(message, { status, where: base, details });
  }

  return {
    get: (path) => request('GET', path),
    post: (path, body) => request('POST', path, body),
    patch: (path, body) => request('PATCH', path, body),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function saidIn(answer: unknown): string[] {
  const refusal = Refusal.safeParse(answer);
  if (!refusal.success) return [];
  const { message, error, errors, errorMessages } = refusal.data;
  return [message, error, errors, errorMessages]
    .flatMap((said) => (typeof said === 'string' ? [said] : Object.values(said ?? {})))
    .map((said) => plainText(said).slice(0, 300))
    .filter((said) => said !== '');
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfterMs(headers: Headers): number {
  const text = headers.get('retry-after') ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now());
}
