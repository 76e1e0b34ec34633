import { PRODUCTS } from './catalogue.ts';
import type { Endpoint } from './pages.ts';
import { population, type Visitor } from './population.ts';
import { random } from './random.ts';

/** One request of one user. */
export interface Step {
  visitor: Visitor;
  endpoint: Endpoint;
  method: 'GET' | 'POST';
  path: string;
  body: unknown;
}

interface Walk {
  visitor: Visitor;
  product: string;
  page: number;
  inCart: number;
}

/** Share of each endpoint among all requests. */
export const MIX: Record<Endpoint, number> = {
  'GET /products': 0.45,
  'GET /products/:id': 0.25,
  'POST /cart': 0.15,
  'POST /checkout': 0.1,
  'GET /orders': 0.05,
};

const STEPS_PER_SESSION = 8;
/** Sessions under way at once: each user takes a step every few seconds. */
const SESSIONS = 600;

/**
 * Requests of users in sessions: one request in eight begins a session at the shop's first page, the others go on
 * with a session under way, so that the mix over all requests is `MIX`. The same seed gives the same requests.
 */
export function journeys(seed: number): { next(): Step } {
  const draw = random(seed);
  const people = population(seed);
  const begin = (): Walk => ({
    visitor: people.pick(draw()),
    product: anyProduct(draw()),
    page: 0,
    inCart: 0,
  });
  const walks = Array.from({ length: SESSIONS }, begin);
  return {
    next() {
      const place = Math.floor(draw() * SESSIONS);
      const fresh = draw() < 1 / STEPS_PER_SESSION;
      const walk = (fresh ? undefined : walks[place]) ?? begin();
      walks[place] = walk;
      if (fresh) return step(walk, 'GET /products');
      if (draw() < 0.5) walk.product = anyProduct(draw());
      return step(walk, laterEndpoint(draw()));
    },
  };
}

function step(walk: Walk, endpoint: Endpoint): Step {
  const { visitor, product } = walk;
  const request = { visitor, endpoint, body: null };
  switch (endpoint) {
    case 'GET /products':
      return { ...request, method: 'GET', path: `/products?page=${walk.page++}` };
    case 'GET /products/:id':
      return { ...request, method: 'GET', path: `/products/${product}` };
    case 'POST /cart':
      walk.inCart += 1;
      return { ...request, method: 'POST', path: '/cart', body: { id: product, quantity: 1 } };
    case 'POST /checkout': {
      const buyNow = { lines: [{ id: product, quantity: 1 }] };
      const body = walk.inCart === 0 ? buyNow : null;
      walk.inCart = 0;
      return { ...request, method: 'POST', path: '/checkout', body };
    }
    case 'GET /orders':
      return { ...request, method: 'GET', path: '/orders' };
  }
}

function endpointAt(u: number): Endpoint {
  let share = 0;
  for (const [endpoint, part] of ENTRIES) {
    share += part;
    if (u < share) return endpoint;
  }
  return 'GET /products';
}

/** The mix without the first pages of sessions, which are all `GET /products`. */
function laterEndpoint(u: number): Endpoint {
  const first = 1 / STEPS_PER_SESSION;
  return endpointAt(first + u * (1 - first));
}

const ENTRIES: [Endpoint, number][] = [
  ['GET /products', MIX['GET /products']],
  ['GET /products/:id', MIX['GET /products/:id']],
  ['POST /cart', MIX['POST /cart']],
  ['POST /checkout', MIX['POST /checkout']],
  ['GET /orders', MIX['GET /orders']],
];

function anyProduct(u: number): string {
  return PRODUCTS[Math.floor(u * PRODUCTS.length)]?.id ?? 'tea-1s';
}
