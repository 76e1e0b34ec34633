import type { FastifyRequest } from 'fastify';
import type { FlagAccess, Verdict } from '../flags/access.ts';
import type { EvaluationCounts } from '../flags/evaluation-counts.ts';
import { type Addressed, readSelector, type Scope, selected } from '../flags/selector.ts';
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
  | (Scope & { kind: 'allowed'; tokenId: string | null })
  | { kind: 'no'; failure: Failure; headers: Record<string, string> };

export type Admit = (request: FastifyRequest, address: Addressed) => Promise<Admission>;

/** A request that shows a ticket instead of a token. */
export type AdmitTicket = (request: FastifyRequest, shown: Addressed & { ticket: string }) => Admission;

/** What all routes of delivery share. */
export interface DeliveryParts extends Delivery {
  admit: Admit;
  admitTicket: AdmitTicket;
}

/** A parameter that is given twice is a list: the first counts. */
export function only(value: unknown): string | null {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : null;
}

/** What the query of an address names. */
export function addressOf(query: { environment?: string; flagSetId?: string }): Addressed {
  return { environment: only(query.environment), flagSetId: only(query.flagSetId) };
}

/** Each request is judged by its token and counted; a token is asked for even where the limit is reached. */
export function admission({ access }: Delivery, limiter: Limit): { admit: Admit; admitTicket: AdmitTicket } {
  function settle(request: FastifyRequest, verdict: Verdict, flagSet: string | null): Admission {
    const caller = verdict.kind === 'allowed' ? (verdict.tokenId ?? request.ip) : request.ip;
    const wait = limiter.take(caller);
    if (wait > 0) {
      const failure = new Failure('TOO_MANY_REQUESTS', `Too many requests: the next in ${wait} s.`);
      return { kind: 'no', failure, headers: { 'retry-after': String(wait) } };
    }
    switch (verdict.kind) {
      case 'allowed':
        return { ...verdict, flagSet };
      case 'elsewhere':
        return { kind: 'no', failure: new Failure('FLAG_TOKEN_ELSEWHERE', verdict.why), headers: {} };
      case 'refused': {
        const failure = new Failure('FLAG_TOKEN_REFUSED', verdict.why);
        return { kind: 'no', failure, headers: { 'www-authenticate': 'Bearer' } };
      }
    }
  }

  return {
    /** What the address does not name is the selector's, which may hold a token too. */
    async admit(request, address) {
      const header = request.headers['flagd-selector'];
      const selector = readSelector(typeof header === 'string' ? header : '');
      if (selector === null) {
        const failure = new Failure(
          'USAGE',
          'The selector is not understood: write `environment=production,flagSetId=checkout`.',
        );
        return { kind: 'no', failure, headers: {} };
      }
      const { environment, flagSet } = selected(selector, address);
      const { authorization, 'x-api-key': apiKey } = request.headers;
      const token = bearerOf(authorization) ?? (typeof apiKey === 'string' ? apiKey : selector.token);
      return settle(request, await access.check({ environment, token }), flagSet);
    },
    admitTicket(request, { ticket, ...address }) {
      const { environment, flagSet } = selected({ environment: null, flagSetId: null }, address);
      return settle(request, access.checkTicket({ environment, ticket }), flagSet);
    },
  };
}
