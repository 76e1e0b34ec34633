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
 * makes it bad. Headers `x-shop-flag`, `x-shop-endpoint` and `x-shop-tenant` say what the shop asks it for.
 */
export async function startBackend({ path, port = 0, seed = 1 }: BackendOptions): Promise<Listening> {
  warm(path);
  const callUpstream = upstream(seed);
  const draw = random(seed + 1);
  let fault: ActiveFault | null = null;

  async function administer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') fault = { ...asked(await readJson(request)), since: Date.now() };
    else if (request.method === 'DELETE') fault = null;
    else if (request.method !== 'GET') throw new BadRequest('GET, POST or DELETE.', 405);
    send(response, 200, { fault });
  }

  async function work(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = compute(path, request.url, await readJson(request));
    const endpoint = header(request, 'x-shop-endpoint');
    const flag = header(request, 'x-shop-flag');
    const tenant = header(request, 'x-shop-tenant');
    const struck = fault !== null && hits(fault, { flag, endpoint, tenant }) ? fault : null;
    if (struck !== null) {
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
    send(response, 200, answer);
  }

  return serve((request, response) => {
    if (request.url === '/_fault') return administer(request, response);
    if (request.method === 'POST') return work(request, response);
    return Promise.reject(new BadRequest('No such page.', 404));
  }, port);
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
