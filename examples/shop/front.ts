import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { Registry } from 'prom-client';
import type { Assignment } from '../../client/assignment.ts';
import { createDispatcher } from '../../client/dispatcher.ts';
import type { Ended, Judgement } from '../../client/judgement.ts';
import type { FlagdAddresses } from '../../client/provider.ts';
import { isRegion } from './catalogue.ts';
import { FaultWatch } from './fault-watch.ts';
import { contextOf, flagsFrom, tenantOf, type User } from './flags.ts';
import { administration } from './front-admin.ts';
import { type HopReply, hops } from './hop.ts';
import { BadRequest, type Listening, send, serve } from './http.ts';
import { SERVICE, ShopMetrics } from './metrics.ts';
import { type Page, pageOf } from './pages.ts';
import { type Session, Sessions } from './sessions.ts';
import { pricedLinesOf, summaryOf } from './wire.ts';

/** The flags of the shop's two choke points; every page passes both in turn. */
export const PRICING_FLAG = 'pricing-v2';
export const CHECKOUT_FLAG = 'checkout-v2';

export const EMPLOYEE_DOMAIN = '@example.com';

export interface FrontOptions {
  flagd: FlagdAddresses;
  /** Base URLs of the backends with the old and with the new path. */
  baseline: string;
  canary: string;
  port?: number;
}

interface Asked {
  assignment: Assignment;
  path: string;
  body: unknown;
}

interface Visit {
  user: User;
  session: Session;
  page: Page;
  pricing: Assignment;
  checkout: Assignment;
}

/**
 * The shop: takes the user from the headers `x-user`, `x-email` and `x-region`, asks the flags which path serves
 * them, and calls that path over HTTP: first for the prices, then for the basket's totals.
 */
export async function startFront({ flagd, baseline, canary, port = 0 }: FrontOptions): Promise<Listening> {
  const registry = new Registry();
  const metrics = new ShopMetrics(registry);
  const flags = flagsFrom(flagd);
  const dispatcher = createDispatcher({
    service: SERVICE,
    prefix: 'shop',
    client: flags.client,
    registry,
    drills: true,
    audience: ({ email }) => (String(email).endsWith(EMPLOYEE_DOMAIN) ? 'internal' : 'public'),
  });
  const calls = hops();
  const sessions = new Sessions();
  const watch = new FaultWatch();

  /** One passage of a choke point: the path that the flag chose, measured under its cohort. */
  async function pass(visit: Visit, { assignment, path, body }: Asked): Promise<HopReply> {
    const { endpoint } = visit.page;
    const { flag } = assignment;
    const tenant = tenantOf(visit.user.id);
    const reply = await dispatcher.run({
      assignment,
      endpoint,
      region: visit.user.region,
      baseline: () => {
        metrics.legacy(flag);
        return calls.send({ backend: baseline, path, flag, endpoint, tenant, body });
      },
      canary: () => calls.send({ backend: canary, path, flag, endpoint, tenant, body }),
      judge: judgeReply,
      // How long it took, and what broke it, is no part of the answer.
      compare: (one, other) => isDeepStrictEqual([one.status, one.body], [other.status, other.body]),
    });
    metrics.passed(assignment, { tenant, failed: reply.status >= 500 });
    if (reply.faultSince !== null) watch.saw(reply.faultSince, Date.now());
    return reply;
  }

  async function show(visit: Visit): Promise<HopReply | { status: number; body: unknown }> {
    const { user, session, page, pricing, checkout } = visit;
    const { region } = user;
    const asked = { region, lines: page.lines };
    const prices = await pass(visit, { assignment: pricing, path: '/price', body: asked });
    if (prices.status !== 200) return prices;
    const lines = pricedLinesOf(prices.body);
    if (page.endpoint === 'POST /cart') session.cart = lines;
    const basket = page.endpoint === 'POST /checkout' ? lines : session.cart;
    const totals = await pass(visit, {
      assignment: checkout,
      path: '/summary',
      body: { region, lines: basket },
    });
    if (totals.status !== 200) return totals;
    if (page.endpoint !== 'POST /checkout') return { status: 200, body: { lines, basket: totals.body } };
    const order = sessions.order(session, page.lines, summaryOf(totals.body));
    for (const assignment of [pricing, checkout]) metrics.order(assignment);
    return { status: 201, body: { order, lines } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await administer(request, response)) return;
    const user = userOf(request);
    const session = sessions.of(user.id);
    const page = await pageOf(request, session);
    if (page === null) throw new BadRequest('No such page.', 404);
    const [pricing, checkout] = await Promise.all([
      dispatcher.assign(PRICING_FLAG, contextOf(user)),
      dispatcher.assign(CHECKOUT_FLAG, contextOf(user)),
    ]);
    for (const assignment of [pricing, checkout]) metrics.visit(assignment);
    const { status, body } = await show({ user, session, page, pricing, checkout });
    send(response, status, body);
  }

  const administer = administration({ flags, dispatcher, watch, registry });
  const listening = await serve(handle, port).catch(async (error: unknown) => {
    await flags.close();
    throw error;
  });
  return {
    ...listening,
    async close() {
      await listening.close();
      calls.close();
      await dispatcher.close();
      await flags.close();
    },
  };
}

/** The backend's status and time count, not those of the page. */
function judgeReply({ result }: Ended<HopReply>): Judgement {
  return result === undefined ? {} : { code: result.status, seconds: result.seconds };
}

function userOf({ headers }: IncomingMessage): User {
  const { 'x-user': id, 'x-email': email = '', 'x-region': region = 'eu-west' } = headers;
  if (typeof id !== 'string' || id === '' || id.length > 100)
    throw new BadRequest('The header x-user is missing.');
  if (typeof region !== 'string' || !isRegion(region)) throw new BadRequest('The region is unknown.');
  return { id, email: String(email), region };
}
