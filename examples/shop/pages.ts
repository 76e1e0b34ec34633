import type { IncomingMessage } from 'node:http';
import { PRODUCTS } from './catalogue.ts';
import { BadRequest, readJson } from './http.ts';
import { type Session, withLine } from './sessions.ts';
import { type LineRequest, lineRequestOf, lineRequestsOf } from './wire.ts';

export type Endpoint =
  | 'GET /products'
  | 'GET /products/:id'
  | 'POST /cart'
  | 'POST /checkout'
  | 'GET /orders';

/** What a page needs: the lines to price, and what becomes of them. */
export interface Page {
  endpoint: Endpoint;
  lines: LineRequest[];
}

const PAGE_SIZE = 12;
const PAGES = Math.ceil(PRODUCTS.length / PAGE_SIZE);

/** Which page a request asks for; null when the shop has no such page. Throws `BadRequest`. */
export async function pageOf(request: IncomingMessage, session: Session): Promise<Page | null> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop');
  const route = `${request.method} ${pathname}`;
  const [, id] = /^GET \/products\/([\w-]{1,40})$/.exec(route) ?? [];
  if (id !== undefined) return { endpoint: 'GET /products/:id', lines: [{ id, quantity: 1 }] };
  switch (route) {
    case 'GET /products':
      return { endpoint: route, lines: shelf(Number(searchParams.get('page') ?? 0)) };
    case 'POST /cart':
      return { endpoint: route, lines: withLine(session.cart, lineRequestOf(await readJson(request))) };
    case 'POST /checkout':
      return { endpoint: route, lines: await bought(request, session) };
    case 'GET /orders':
      return { endpoint: route, lines: session.orders[0]?.lines ?? [] };
    default:
      return null;
  }
}

function shelf(page: number): LineRequest[] {
  if (!Number.isInteger(page) || page < 0) throw new BadRequest('page is a whole number.');
  const start = (page % PAGES) * PAGE_SIZE;
  return PRODUCTS.slice(start, start + PAGE_SIZE).map(({ id }) => ({ id, quantity: 1 }));
}

/** The cart, or the lines of a body: "buy it now". */
async function bought(request: IncomingMessage, session: Session): Promise<LineRequest[]> {
  const body = await readJson(request);
  const lines = body === null ? session.cart : lineRequestsOf(body);
  if (lines.length === 0) throw new BadRequest('The cart is empty.', 409);
  return lines.map(({ id, quantity }) => ({ id, quantity }));
}
