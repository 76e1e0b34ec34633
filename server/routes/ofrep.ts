import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { untilFresh } from '../../flags/freshness.ts';
import {
  type EventStream,
  evaluateAll,
  evaluateOne,
  type OfrepReply,
  refusedReply,
} from '../../flags/ofrep.ts';
import type { Scope } from '../../flags/selector.ts';
import { FAILURES } from '../../plans/failures.ts';
import { type Admission, addressOf, type DeliveryParts, only } from '../admission.ts';
import { pathOf } from '../app.ts';
import { asProblem } from '../problem.ts';

interface Ask {
  Params: { key: string };
  Querystring: {
    environment?: string;
    flagSetId?: string;
    flagConfigEtag?: string;
    flagConfigLastModified?: string;
  };
}

/** A context is a few attributes: what is larger is a mistake or an attack. */
const BODY_LIMIT = 1024 * 1024;
const INACTIVITY_SEC = 120;

async function answer(reply: FastifyReply, { status, headers, body }: OfrepReply): Promise<FastifyReply> {
  reply.code(status).headers(headers);
  return body === null ? reply.send() : reply.send(JSON.stringify(body));
}

function refusal({ failure, headers }: Admission & { kind: 'no' }): OfrepReply {
  return refusedReply(FAILURES[failure.code].status, failure.message, { headers });
}

/** OFREP 0.3: flags evaluated here, for clients that do not evaluate themselves. */
export const ofrepRoutes =
  ({ service, access, admit, publicUrl, counts, now }: DeliveryParts): FastifyPluginAsync =>
  async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, async (_: FastifyRequest, text: string | Buffer) =>
      text.toString(),
    );
    app.setErrorHandler(async (error, request, reply) => {
      const { status, detail } = asProblem(error);
      if (status >= 500) request.log.error({ err: error, url: pathOf(request) }, detail);
      if (status === 413) {
        const details = `The body is larger than ${BODY_LIMIT} bytes.`;
        return answer(reply, refusedReply(400, details, { errorCode: 'INVALID_CONTEXT' }));
      }
      return answer(reply, refusedReply(status, detail));
    });

    function streamsOf(
      request: FastifyRequest,
      { environment, flagSet, tokenId }: Scope & { tokenId: string | null },
    ): EventStream[] {
      const base = publicUrl ?? (request.host === '' ? null : `${request.protocol}://${request.host}`);
      if (base === null) return [];
      const url = new URL(`${base.replace(/\/+$/, '')}/ofrep/v1/events`);
      url.searchParams.set('environment', environment);
      if (flagSet !== null) url.searchParams.set('flagSetId', flagSet);
      const ticket = access.ticket(tokenId);
      if (ticket !== null) url.searchParams.set('ticket', ticket);
      return [{ type: 'sse', url: url.href, inactivityDelaySec: INACTIVITY_SEC }];
    }

    const options = { schema: { hide: true }, bodyLimit: BODY_LIMIT };
    const text = (body: unknown) => (typeof body === 'string' ? body : undefined);

    app.post<Ask>('/evaluate/flags/:key', options, async (request, reply) => {
      const admitted = await admit(request, addressOf(request.query));
      if (admitted.kind === 'no') return answer(reply, refusal(admitted));
      const { environment, flagSet } = admitted;
      const { key } = request.params;
      const evaluated = evaluateOne(service, { environment, flagSet, key, body: text(request.body) });
      // Only flags that there are: names that anybody makes up would grow the counts without end.
      if (evaluated.status === 200) counts.one(environment, key);
      return answer(reply, evaluated);
    });

    app.post<Ask>('/evaluate/flags', options, async (request, reply) => {
      const admitted = await admit(request, addressOf(request.query));
      if (admitted.kind === 'no') return answer(reply, refusal(admitted));
      const { environment, flagSet } = admitted;
      await untilFresh(service, admitted, {
        etag: only(request.query.flagConfigEtag) ?? undefined,
        lastModified: only(request.query.flagConfigLastModified) ?? undefined,
      });
      const bulk = {
        environment,
        flagSet,
        body: text(request.body),
        ifNoneMatch: request.headers['if-none-match'],
        eventStreams: streamsOf(request, admitted),
        now: Math.floor(now() / 1000),
      };
      const evaluated = evaluateAll(service, bulk);
      if (evaluated.status < 400 && service.environments().includes(environment)) counts.all(environment);
      return answer(reply, evaluated);
    });
  };
