import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { evaluateAll, evaluateOne, type OfrepReply } from '../../flags/ofrep.ts';
import { environmentOf } from '../../flags/selector.ts';
import type { ServerDeps } from '../deps.ts';

interface Ask {
  Params: { key: string };
  Querystring: { environment?: string };
}

/** As the flagd sync stream has it: the selector, here also as a query parameter; `production` without one. */
function environmentAsked(request: FastifyRequest<Ask>): string | null {
  const header = request.headers['flagd-selector'];
  return environmentOf(request.query.environment ?? (typeof header === 'string' ? header : ''));
}

async function answer(reply: FastifyReply, { status, headers, body }: OfrepReply): Promise<FastifyReply> {
  reply.code(status).headers(headers);
  return body === null ? reply.send() : reply.send(JSON.stringify(body));
}

function parsed(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    // The protocol has its own answer to a body that is no JSON.
    return undefined;
  }
}

const UNKNOWN_SELECTOR: OfrepReply = {
  status: 400,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: {
    errorCode: 'GENERAL',
    errorDetails: 'The selector names no environment: write `flagSetId=production`.',
  },
};

/** OFREP 0.3: flags evaluated here, for clients that do not evaluate themselves. */
export const ofrepRoutes =
  ({ flagService }: ServerDeps): FastifyPluginAsync =>
  async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      '*',
      { parseAs: 'string' },
      async (_request: FastifyRequest, text: string | Buffer) => parsed(text),
    );

    app.post<Ask>('/evaluate/flags/:key', { schema: { hide: true } }, async (request, reply) => {
      const environment = environmentAsked(request);
      if (environment === null) return answer(reply, UNKNOWN_SELECTOR);
      return answer(
        reply,
        evaluateOne(flagService, environment, request.params.key, request.body ?? undefined),
      );
    });

    app.post<Ask>('/evaluate/flags', { schema: { hide: true } }, async (request, reply) => {
      const environment = environmentAsked(request);
      if (environment === null) return answer(reply, UNKNOWN_SELECTOR);
      const etag = request.headers['if-none-match'];
      return answer(reply, evaluateAll(flagService, environment, request.body ?? undefined, etag));
    });
  };
