import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Dispatcher } from '../../client/dispatcher.ts';
import type { FaultWatch } from './fault-watch.ts';
import { contextOf, type Flags } from './flags.ts';
import { BadRequest, send } from './http.ts';

export interface ExposureReply {
  flag: string;
  /** How many of `total` synthetic users the flag gives the canary. */
  on: number;
  total: number;
  /** Epoch milliseconds when the first and when the last user was evaluated. */
  from: number;
  at: number;
}

const MOST_USERS = 100_000;
/** Users evaluated before other requests get their turn. */
const SLICE = 100;

interface Parts {
  flags: Flags;
  dispatcher: Dispatcher;
  watch: FaultWatch;
  registry: Registry;
}

/**
 * The pages for operators and tests: `/metrics`, `/_health`, `/_fault` (when bad responses were served) and
 * `/_exposure?flag=KEY&users=1000` (the share of fixed synthetic users that gets the canary in this process).
 */
export function administration({ flags, dispatcher, watch, registry }: Parts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop');
    if (request.method !== 'GET') return false;
    switch (pathname) {
      case '/metrics':
        response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
        return true;
      case '/_health':
        send(response, 200, { flags: flags.status() });
        return true;
      case '/_fault':
        send(response, 200, watch.report());
        return true;
      case '/_exposure':
        send(response, 200, await exposure(dispatcher, searchParams));
        return true;
      default:
        return false;
    }
  };
}

async function exposure(dispatcher: Dispatcher, parameters: URLSearchParams): Promise<ExposureReply> {
  const flag = parameters.get('flag');
  const total = Number(parameters.get('users') ?? 1_000);
  if (flag === null) throw new BadRequest('flag is missing.');
  if (!Number.isInteger(total) || total < 1 || total > MOST_USERS) {
    throw new BadRequest(`users is a whole number from 1 to ${MOST_USERS}.`);
  }
  const from = Date.now();
  let on = 0;
  for (let i = 0; i < total; i++) {
    const user = { id: `synthetic-${i}`, email: `synthetic-${i}@synthetic.test`, region: 'eu-west' };
    if ((await dispatcher.peek(flag, contextOf(user))).cohort === 'canary') on += 1;
    if (i % SLICE === SLICE - 1) await breathe();
  }
  return { flag, on, total, from, at: Date.now() };
}
