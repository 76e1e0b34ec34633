import { Agent, request } from 'node:http';
import { FAULT_HEADER } from './backend.ts';

export interface HopRequest {
  /** Base URL of the backend. */
  backend: string;
  path: string;
  flag: string;
  endpoint: string;
  tenant: string;
  body: unknown;
}

export interface HopReply {
  /** HTTP status; 502 when the backend could not be reached, 504 when it did not answer in time. */
  status: number;
  body: unknown;
  seconds: number;
  /** Start of the fault that touched this request, epoch milliseconds. */
  faultSince: number | null;
}

const TIMEOUT_MS = 5_000;

export interface Hops {
  send(request: HopRequest): Promise<HopReply>;
  close(): void;
}

/** Calls backends over connections that are kept and reused. Never rejects: a failure is a status. */
export function hops(): Hops {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 });
  return {
    close: () => agent.destroy(),
    async send(asked) {
      const started = performance.now();
      const reply = await post(agent, asked);
      return { ...reply, seconds: (performance.now() - started) / 1_000 };
    },
  };
}

function post(
  agent: Agent,
  { backend, path, flag, endpoint, tenant, body }: HopRequest,
): Promise<Omit<HopReply, 'seconds'>> {
  const { hostname, port } = addressOf(backend);
  const text = JSON.stringify(body);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-shop-flag': flag,
    'x-shop-endpoint': endpoint,
    'x-shop-tenant': tenant,
  };
  return new Promise((resolve) => {
    const fail = (status: number) =>
      resolve({ status, body: { error: 'The path did not answer.' }, faultSince: null });
    const options = { hostname, port, path, method: 'POST', agent, headers, timeout: TIMEOUT_MS };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => fail(502));
      response.on('end', () => {
        const since = Number(response.headers[FAULT_HEADER]);
        const parsed = parse(Buffer.concat(chunks));
        if (parsed === undefined) return fail(502);
        resolve({ status: response.statusCode ?? 502, body: parsed, faultSince: since > 0 ? since : null });
      });
    });
    call.on('timeout', () => {
      fail(504);
      call.destroy();
    });
    call.on('error', () => fail(502));
    call.end(text);
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const addresses = new Map<string, { hostname: string; port: string }>();

/** Parsed once: the shop calls two backends hundreds of times a second. */
function addressOf(backend: string): { hostname: string; port: string } {
  const { hostname, port } = addresses.get(backend) ?? new URL(backend);
  if (!addresses.has(backend)) addresses.set(backend, { hostname, port });
  return { hostname, port };
}
