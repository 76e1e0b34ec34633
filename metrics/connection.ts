import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { Failure } from '../plans/failures.ts';
import type { PrometheusSourceConfig } from './prometheus-config.ts';

/** The source did not answer, or not as a Prometheus does. `detail` names the host, never a credential. */
export class SourceDown extends Error {
  override readonly name = 'SourceDown';
}

/** An answer of any status. */
export interface Answer {
  status: number;
  body: string;
}

export interface Connection {
  /** Host and port, for messages. */
  readonly host: string;
  /** Posts a form to a path below the base address. @throws SourceDown */
  post(path: string, form: Readonly<Record<string, string>>): Promise<Answer>;
  /** Posts a JSON text. @throws SourceDown */
  postJson(path: string, body: unknown): Promise<Answer>;
  /** @throws SourceDown */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<Answer>;
  close(): void;
}

interface Sent {
  path: string;
  query?: Readonly<Record<string, string>> | undefined;
  /** Without one it is a GET. */
  body?: { type: string; text: string } | undefined;
}

const FORM = 'application/x-www-form-urlencoded';

/** Sockets per source: Prometheus runs 20 queries at once by default and queues the others itself. */
const SOCKETS = 16;
const LARGEST_ANSWER = 256 * 1024 * 1024;

/**
 * Keep-alive connections to one server. `node:https` and not `fetch`: client certificates need an agent, which
 * the global `fetch` cannot be given without a second copy of undici.
 */
export function connect(config: PrometheusSourceConfig): Connection {
  const base = new URL(config.url);
  const secure = base.protocol === 'https:';
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets: SOCKETS, ...tlsOptions(config.tls) })
    : new http.Agent({ keepAlive: true, maxSockets: SOCKETS });
  const headers = { ...config.headers, ...authorization(config, base) };
  const prefix = base.pathname.replace(/\/+$/, '');

  function send({ path, query, body }: Sent, signal: AbortSignal): Promise<Answer> {
    const url = new URL(`${prefix}${path}${base.search}`, base.origin);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url, {
        method: body === undefined ? 'GET' : 'POST',
        agent,
        signal,
        headers: {
          accept: 'application/json',
          ...headers,
          ...(body === undefined
            ? {}
            : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) }),
        },
      });
      request.on('response', (response) => void collect(response).then(resolve, reject));
      request.on('error', (error) => {
        // The server closed an idle connection just as it was taken again: nothing was read, ask on a new one.
        if (request.reusedSocket && codeOf(error) === 'ECONNRESET')
          resolve(send({ path, query, body }, signal));
        else reject(error);
      });
      request.end(body?.text);
    });
  }

  async function exchange(sent: Sent): Promise<Answer> {
    const signal = AbortSignal.timeout(config.timeout * 1000);
    try {
      return await send(sent, signal);
    } catch (error) {
      const why = signal.aborted ? `no answer within ${config.timeout} s` : reason(error);
      throw new SourceDown(`${base.host}: ${why}`, { cause: error });
    }
  }

  return {
    host: base.host,
    post: (path, form) =>
      exchange({ path, body: { type: FORM, text: new URLSearchParams(form).toString() } }),
    postJson: (path, body) =>
      exchange({ path, body: { type: 'application/json', text: JSON.stringify(body) } }),
    get: (path, query) => exchange({ path, query }),
    close: () => agent.destroy(),
  };
}

async function collect(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > LARGEST_ANSWER) {
      response.destroy();
      throw new Error(`the answer is larger than ${LARGEST_ANSWER} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

function authorization(config: PrometheusSourceConfig, base: URL): Record<string, string> {
  if (config.bearer !== undefined) return { authorization: `Bearer ${config.bearer}` };
  const basic =
    config.basic ??
    (base.username === ''
      ? undefined
      : { username: decodeURIComponent(base.username), password: decodeURIComponent(base.password) });
  if (basic === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` };
}

function tlsOptions(tls: PrometheusSourceConfig['tls']): https.AgentOptions {
  if (tls === undefined) return {};
  return {
    ...(tls.ca === undefined ? {} : { ca: pem(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: pem(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: pem(tls.key) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

function pem(textOrPath: string): string {
  if (textOrPath.includes('-----BEGIN')) return textOrPath;
  try {
    return readFileSync(textOrPath, 'utf8');
  } catch (error) {
    throw new Failure('CONFIG_INVALID', `the TLS file ${textOrPath} cannot be read`, { cause: error });
  }
}

function reason(error: unknown): string {
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'connection closed in the middle of a query';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'host name not found';
    case 'ETIMEDOUT':
      return 'connection timed out';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
