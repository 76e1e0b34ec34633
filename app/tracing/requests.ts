import { type Attributes, type Context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Spans } from './spans.ts';

const READS = ['GET', 'HEAD', 'OPTIONS'];

/** A span for each request to the API that changes something. A `traceparent` that it comes with is gone on with. */
export function traceRequests(app: FastifyInstance, spans: Spans): void {
  const open = new WeakMap<FastifyRequest, Context>();
  app.addHook('onRequest', (request, reply, done) => {
    const { method, headers } = request;
    const route = request.routeOptions.url;
    if (READS.includes(method) || route === undefined || !route.startsWith('/api/v1/')) return done();
    const start = {
      name: `${method} ${route}`,
      kind: SpanKind.SERVER,
      attributes: attributesOf(request, route),
    };
    const on = spans.begin(start, spans.read(headers));
    open.set(request, on);
    // Also when the client goes away before its answer.
    reply.raw.once('close', () => {
      const span = trace.getSpan(on);
      const { statusCode } = reply.raw;
      span?.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 500) {
        span?.setAttribute('error.type', String(statusCode));
        span?.setStatus({ code: SpanStatusCode.ERROR });
      }
      span?.end();
    });
    done();
  });
  // Not before: while a body is read, what is under way would be lost.
  app.addHook('preHandler', (request, _reply, done) => {
    const on = open.get(request);
    if (on === undefined) done();
    else spans.enter(on, done);
  });
}

/** By the conventions of OpenTelemetry; without the query, in which a ticket may stand. */
function attributesOf(request: FastifyRequest, route: string): Attributes {
  const { id, key, action } = request.params as Record<string, string | undefined>;
  const rollout = route.startsWith('/api/v1/rollouts/') ? id : undefined;
  return {
    'http.request.method': request.method,
    'http.route': route,
    'url.path': request.url.split('?', 1)[0] ?? '',
    'url.scheme': request.protocol,
    ...(rollout === undefined ? {} : { 'tidegate.rollout.id': rollout }),
    ...(action === undefined ? {} : { 'tidegate.action': action }),
    ...(key === undefined || !route.startsWith('/api/v1/flags/') ? {} : { 'feature_flag.key': key }),
  };
}
