import type { FastifyRequest } from 'fastify';
import type { FlagAccess, Verdict } from '../flags/access.ts';
import type { EvaluationCounts } from '../flags/evaluation-counts.ts';
import { readSelector } from '../flags/selector.ts';
import type { FlagService } from '../flags/service.ts';
import { bearerOf } from '../flags/token.ts';
import { Failure } from '../plans/failures.ts';
import type { Limit } from './limit.ts';

/** How flags are delivered over HTTP. */
export interface Delivery {
  service: FlagService;
  access: FlagAccess;
  /** Under which clients reach this server, for addresses in answers; null: as they reached it. */
  publicUrl: string | null;
  /** Requests a second of one token, or of one address where none is asked for; null: any number. */
  limit: number | null;
  /** Web pages of these origins may ask; `*`: any. */
  origins: readonly string[];
  /** Told of every answer. */
  counts: Pick<EvaluationCounts, 'one' | 'all'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** A request that is let in, or why not and with which headers that is said. */
export type Admission =
  | { kind: 'allowed'; environment: string; tokenId: string | null }
  | { kind: 'no'; failure: Failure; headers: Record<string, string> };

export type Admit = (request: FastifyRequest, environment: string | null) => Promise<Admission>;

/** A request that shows a ticket instead of a token. */
export type AdmitTicket = (
  request: FastifyRequest,
  shown: { environment: string | null; ticket: string },
) => Admission;

/** What all routes of delivery share. */
export interface DeliveryParts extends Delivery {
  admit: Admit;
  admitTicket: AdmitTicket;
}

/** Each request is judged by its token and counted; a token is asked for even where the limit is reached. */
export function admission({ access }: Delivery, limiter: Limit): { admit: Admit; admitTicket: AdmitTicket } {
  function settle(request: FastifyRequest, verdict: Verdict): Admission {
    const caller = verdict.kind === 'allowed' ? (verdict.tokenId ?? request.ip) : request.ip;
    const wait = limiter.take(caller);
    if (wait > 0) {
      const failure = new Failure('TOO_MANY_REQUESTS', `Too many requests: the next in ${wait} s.`);
      return { kind: 'no', failure, headers: { 'retry-after': String(wait) } };
    }
    switch (verdict.kind) {
      case 'allowed':
        return verdict;
      case 'elsewhere':
        return { kind: 'no', failure: new Failure('FLAG_TOKEN_ELSEWHERE', verdict.why), headers: {} };
      case 'refused': {
        const failure = new Failure('FLAG_TOKEN_REFUSED', verdict.why);
        return { kind: 'no', failure, headers: { 'www-authenticate': 'Bearer' } };
      }
    }
  }

  return {
    /** `asked`: the environment by the address; else the selector's, which may hold a token too. */
    async admit(request, asked) {
      const header = request.headers['flagd-selector'];
      const selector = readSelector(typeof header === 'string' ? header : '');
      if (selector === null) {
        const failure = new Failure(
          'USAGE',
          'The selector names no environment: write `flagSetId=production`.',
        );
        return { kind: 'no', failure, headers: {} };
      }
      const environment = asked ?? selector.environment;
      const { authorization, 'x-api-key': apiKey } = request.headers;
      const token = bearerOf(authorization) ?? (typeof apiKey === 'string' ? apiKey : selector.token);
      return settle(request, await access.check({ environment, token }));
    },
    admitTicket: (request, shown) => settle(request, access.checkTicket(shown)),
  };
}
