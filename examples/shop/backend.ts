import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { isRegion, PRODUCTS, product, REGIONS } from './catalogue.ts';
import { type ActiveFault, hits, parseFault } from './fault.ts';
import { BadRequest, type Listening, readJson, send, serve } from './http.ts';
import { summariseNew } from './new-checkout.ts';
import { priceNew } from './new-pricing.ts';
import { summariseOld } from './old-checkout.ts';
import { priceOld } from './old-pricing.ts';
import type { Line, Path } from './paths.ts';
import { random } from './random.ts';
import { UpstreamFailure, upstream } from './upstream.ts';
import { basketOf, type PriceRequest, priceRequestOf } from './wire.ts';

export const BASELINE: Path = { price: priceOld, summarise: summariseOld };
export const CANARY: Path = { price: priceNew, summarise: summariseNew };

/** Response header of a request that a fault touched: the fault's start, epoch milliseconds. */
export const FAULT_HEADER = 'x-shop-fault';

export interface BackendOptions {
  path: Path;
  port?: number;
  seed?: number;
}

/**
 * One path of the shop behind HTTP: `POST /price`, `POST /summary`, and `POST|GET|DELETE /_fault`, the switch that
 * makes it bad, a fault for each flag (`DELETE /_fault?flag=KEY` heals one of them). Headers `x-shop-flag`, `x-shop-endpoint` and `x-shop-tenant` say what the shop asks it for.
 */
export async function startBackend({ path, port = 0, seed = 1 }: BackendOptions): Promise<Listening> {
  warm(path);
  const callUpstream = upstream(seed);
  const draw = random(seed + 1);
  /** By the flag that they name. */
  const faults = new Map<string | null, ActiveFault>();

  async function administer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const flag = new URL(request.url ?? '/', 'http://shop').searchParams.get('flag');
    if (request.method === 'POST') {
      const fault = asked(await readJson(request));
      faults.set(fault.flag, { ...fault, since: Date.now() });
    } else if (request.method !== 'DELETE' && request.method !== 'GET')
      throw new BadRequest('GET, POST or DELETE.', 405);
    else if (request.method === 'DELETE' && flag === null) faults.clear();
    else if (request.method === 'DELETE') faults.delete(flag);
    send(response, 200, { faults: [...faults.values()] });
  }

  async function work(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    const answer = compute(path, request.url, body);
    const endpoint = header(request, 'x-shop-endpoint');
    const flag = header(request, 'x-shop-flag');
    const tenant = header(request, 'x-shop-tenant');
    const struck = [...faults.values()].find((fault) => hits(fault, { flag, endpoint, tenant }));
    if (struck !== undefined) {
      response.setHeader(FAULT_HEADER, String(struck.since));
      if (struck.latencyMs > 0) await wait(struck.latencyMs);
      if (draw() < struck.errorRate) return send(response, 500, { error: 'The new path failed.' });
    }
    try {
      await callUpstream(endpoint);
    } catch (error) {
      if (error instanceof UpstreamFailure) return send(response, 503, { error: error.message });
      throw error;
    }
    const { wrongRate = 0 } = struck ?? {};
    const isWrong = wrongRate > 0 && draw() < wrongRate;
    send(response, 200, isWrong ? compute(miscounting(path), request.url, body) : answer);
  }

  return serve((request, response) => {
    if (request.url?.startsWith('/_fault') === true) return administer(request, response);
    if (request.method === 'POST') return work(request, response);
    return Promise.reject(new BadRequest('No such page.', 404));
  }, port);
}

function miscounting(path: Path): Path {
  const off = <T extends { total: number }>(counted: T): T => ({ ...counted, total: counted.total + 1 });
  return {
    price: (...asked) => path.price(...asked).map(off),
    summarise: (...asked) => off(path.summarise(...asked)),
  };
}

function compute(path: Path, url: string | undefined, body: unknown): unknown {
  if (url === '/price') return { lines: price(path, priceRequestOf(body)) };
  if (url === '/summary') return path.summarise(basketOf(body), (id) => product(id)?.grams ?? 0);
  throw new BadRequest('No such page.', 404);
}

function price(path: Path, { region, lines }: PriceRequest): unknown {
  if (!isRegion(region)) throw new BadRequest(`No such region: ${region}.`);
  const known: Line[] = lines.map(({ id, quantity }) => {
    const found = product(id);
    if (found === undefined) throw new BadRequest(`No such product: ${id}.`, 404);
    return { product: found, quantity };
  });
  return path.price(region, known);
}

/** Compiles the code before traffic comes: a canary that serves 1 % would stay slow for minutes otherwise. */
function warm(path: Path): void {
  const lines = PRODUCTS.map((product) => ({ product, quantity: 2 }));
  for (let round = 0; round < 50; round++) {
    for (const region of REGIONS) path.summarise({ region, lines: path.price(region, lines) }, () => 100);
  }
}

function asked(body: unknown): ReturnType<typeof parseFault> {
  try {
    return parseFault(body);
  } catch (error) {
    throw new BadRequest(error instanceof Error ? error.message : String(error));
  }
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
