import type { FastifyPluginAsync } from 'fastify';
import { addressOf, type DeliveryParts } from '../admission.ts';
import { createFlagStreams } from '../flag-streams.ts';

interface Ask {
  Querystring: { environment?: string; flagSetId?: string; ticket?: string };
}

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/**
 * `GET /ofrep/v1/events`: server-sent events of one environment, or of one flag set in it, by OFREP's ADR-0008. A token in the header opens it, or
 * the ticket in the address that a bulk answer gave.
 */
export const flagEventRoutes =
  (parts: DeliveryParts): FastifyPluginAsync =>
  async (app) => {
    const streams = createFlagStreams(parts);
    app.addHook('preClose', async () => streams.stop());

    app.get<Ask>('/events', { schema: { hide: true } }, async (request, reply) => {
      const { ticket } = request.query;
      const address = addressOf(request.query);
      const admitted =
        typeof ticket === 'string'
          ? parts.admitTicket(request, { ...address, ticket })
          : await parts.admit(request, address);
      if (admitted.kind === 'no') {
        reply.headers(admitted.headers);
        throw admitted.failure;
      }
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, { ...headersOf(reply.getHeaders()), ...HEADERS });
      const last = request.headers['last-event-id'];
      streams.add({ ...admitted, raw, lastEventId: typeof last === 'string' ? last : null });
    });
  };

/** What hooks have set, which a reply that is written by hand would lose. */
function headersOf(headers: Record<string, string | number | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
