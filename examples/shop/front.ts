import type { IncomingMessage, ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import type { Cohort } from '../../client/metrics.ts';
import type { FlagdAddresses } from '../../client/provider.ts';
import { isRegion } from './catalogue.ts';
import { type Decision, decisions, type User } from './decision.ts';
import { FaultWatch } from './fault-watch.ts';
import { administration } from './front-admin.ts';
import { type HopReply, hops } from './hop.ts';
import { BadRequest, type Listening, send, serve } from './http.ts';
import { ShopMetrics } from './metrics.ts';
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

interface Visit {
  user: User;
  session: Session;
  page: Page;
  pricing: Decision;
  checkout: Decision;
}

/**
 * The shop: takes the user from the headers `x-user`, `x-email` and `x-region`, asks the flags which path serves
 * them, and calls that path over HTTP: first for the prices, then for the basket's totals.
 */
export async function startFront({ flagd, baseline, canary, port = 0 }: FrontOptions): Promise<Listening> {
  const registry = new Registry();
  const metrics = new ShopMetrics(registry);
  const flags = decisions(flagd);
  const calls = hops();
  const sessions = new Sessions();
  const watch = new FaultWatch();
  flags.onChange((changed) => {
    for (const flag of changed) void forgetUsers(flag);
  });

  const revisions = new Map<string, number>();
  /** A lease that was renewed is a change of the definition and none of the exposure: its users stay counted. */
  async function forgetUsers(flag: string): Promise<void> {
    const revision = await flags.revision(flag);
    if (revision !== null && revisions.get(flag) === revision) return;
    if (revision !== null) revisions.set(flag, revision);
    metrics.cohorts.forgetUsers(flag);
  }

  /** One passage of a choke point: the path that the flag chose, measured under its cohort. */
  async function pass(
    visit: Visit,
    { decision, path, body }: { decision: Decision; path: string; body: unknown },
  ) {
    const { endpoint } = visit.page;
    if (!decision.on) metrics.legacy(decision.flag);
    const backend = decision.on ? canary : baseline;
    const reply = await calls.send({ backend, path, flag: decision.flag, endpoint, body });
    const { status: code, seconds } = reply;
    metrics.cohorts.record({
      ...cohortOf(decision, visit.user),
      endpoint,
      region: visit.user.region,
      code,
      seconds,
    });
    if (reply.faultSince !== null) watch.saw(reply.faultSince, Date.now());
    return reply;
  }

  async function show(visit: Visit): Promise<HopReply | { status: number; body: unknown }> {
    const { user, session, page, pricing, checkout } = visit;
    const { region } = user;
    const asked = { region, lines: page.lines };
    const prices = await pass(visit, { decision: pricing, path: '/price', body: asked });
    if (prices.status !== 200) return prices;
    const lines = pricedLinesOf(prices.body);
    if (page.endpoint === 'POST /cart') session.cart = lines;
    const basket = page.endpoint === 'POST /checkout' ? lines : session.cart;
    const totals = await pass(visit, {
      decision: checkout,
      path: '/summary',
      body: { region, lines: basket },
    });
    if (totals.status !== 200) return totals;
    if (page.endpoint !== 'POST /checkout') return { status: 200, body: { lines, basket: totals.body } };
    const order = sessions.order(session, page.lines, summaryOf(totals.body));
    for (const decision of [pricing, checkout]) metrics.order(cohortOf(decision, user));
    return { status: 201, body: { order, lines } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await administer(request, response)) return;
    const user = userOf(request);
    const session = sessions.of(user.id);
    const page = await pageOf(request, session);
    if (page === null) throw new BadRequest('No such page.', 404);
    const [pricing, checkout] = await Promise.all([
      flags.decide(PRICING_FLAG, user),
      flags.decide(CHECKOUT_FLAG, user),
    ]);
    for (const decision of [pricing, checkout]) metrics.visit(cohortOf(decision, user), user.id);
    const { status, body } = await show({ user, session, page, pricing, checkout });
    send(response, status, body);
  }

  const administer = administration({ flags, watch, registry });
  const listening = await serve(handle, port).catch(async (error: unknown) => {
    await flags.close();
    throw error;
  });
  return {
    ...listening,
    async close() {
      await listening.close();
      calls.close();
      await flags.close();
    },
  };
}

function cohortOf({ flag, variant }: Decision, { email }: User): Cohort {
  return { flag, variant, audience: email.endsWith(EMPLOYEE_DOMAIN) ? 'internal' : 'public' };
}

function userOf({ headers }: IncomingMessage): User {
  const { 'x-user': id, 'x-email': email = '', 'x-region': region = 'eu-west' } = headers;
  if (typeof id !== 'string' || id === '' || id.length > 100)
    throw new BadRequest('The header x-user is missing.');
  if (typeof region !== 'string' || !isRegion(region)) throw new BadRequest('The region is unknown.');
  return { id, email: String(email), region };
}
