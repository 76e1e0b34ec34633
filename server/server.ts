import fastifyCookie from '@fastify/cookie';
import fastifySwagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { createApp, listenAt } from './app.ts';
import { guard } from './auth/guard.ts';
import { consoleRoutes } from './console/serve.ts';
import { deliveryRoutes } from './delivery.ts';
import type { ServerDeps } from './deps.ts';
import { idempotent } from './idempotency.ts';
import { refuseForeignHost, refuseOpenAddress } from './loopback.ts';
import { completed, describeRoute } from './openapi/document.ts';
import { patient } from './patience.ts';
import { createReplays } from './replays.ts';
import { createReports } from './reports.ts';
import { afterRoutes } from './routes/after.ts';
import { alertRoutes } from './routes/alerts.ts';
import { boardRoutes } from './routes/board.ts';
import { boardEventRoutes } from './routes/board-events.ts';
import { bugRoutes } from './routes/bugs.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { consoleBoardRoutes } from './routes/console-board.ts';
import { drillRoutes } from './routes/drills.ts';
import { evaluationRoutes } from './routes/evaluations.ts';
import { eventRoutes } from './routes/events.ts';
import { evidenceRoutes } from './routes/evidence.ts';
import { flagTokenRoutes } from './routes/flag-tokens.ts';
import { flagRoutes } from './routes/flags.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { journalRoutes } from './routes/journal.ts';
import { preflightRoutes } from './routes/preflights.ts';
import { referenceRoutes } from './routes/references.ts';
import { registryRoutes } from './routes/registry.ts';
import { reportRoutes } from './routes/report.ts';
import { rolloutRoutes } from './routes/rollouts.ts';
import { sampleRoutes } from './routes/samples.ts';
import { segmentRoutes } from './routes/segments.ts';
import { loginRoutes, sessionRoutes } from './routes/session.ts';
import { slackRoutes } from './routes/slack.ts';
import { stepRoutes } from './routes/steps.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { createStreams } from './streams/stream.ts';

/**
 * The HTTP API: `/api/v1` (described at `/api/v1/openapi.json`), OFREP under `/ofrep/v1`, definitions under `/flags/v1`, `/healthz` and
 * `/readyz`. Every refusal is problem details from the table of failures. It does not listen yet.
 */
export function createServer(deps: ServerDeps): FastifyInstance {
  const app = createApp(deps.logger);
  const ownName = new URL(deps.access.publicUrl).hostname;
  app.addHook('onRequest', async (request) => refuseForeignHost(request.headers.host, ownName));
  app.register(fastifyCookie);
  countAnswers(app, deps);
  app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tidegate',
        version: '1',
        description:
          'Rollouts of feature flags: plans, decisions, evidence. Every refusal is RFC 9457 problem details with a `code` of one table.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
    },
    transform: describeRoute,
    transformObject: (made) => completed('openapiObject' in made ? made.openapiObject : made.swaggerObject),
  });
  app.register(
    async (api) => {
      guard(api, deps.access);
      idempotent(api, deps.idempotency);
      const typed = api.withTypeProvider<ZodTypeProvider>();
      await typed.register(sessionRoutes(deps));
      await typed.register(tokenRoutes(deps));
      await typed.register(sampleRoutes(deps));
      await typed.register(journalRoutes(deps));
      await typed.register(preflightRoutes(deps));
      const made = createReplays(deps);
      const { replays, reports } = patient(deps, { replays: made, reports: createReports(deps, made) });
      await typed.register(rolloutRoutes({ ...deps, replays }));
      await typed.register(afterRoutes({ ...deps, replays }));
      await typed.register(bugRoutes(deps));
      await typed.register(stepRoutes(deps));
      await typed.register(drillRoutes(deps));
      await typed.register(boardRoutes(deps));
      await typed.register(comparisonRoutes(deps, reports));
      await typed.register(reportRoutes(deps, reports));
      await typed.register(incidentRoutes(deps, reports));
      const streams = createStreams(deps);
      api.addHook('preClose', async () => streams.stop());
      await typed.register(eventRoutes(deps, streams));
      await typed.register(boardEventRoutes(deps, streams));
      await typed.register(consoleBoardRoutes(deps, streams));
      await typed.register(flagRoutes(deps));
      await typed.register(registryRoutes(deps));
      await typed.register(evaluationRoutes(deps));
      await typed.register(referenceRoutes(deps));
      await typed.register(evidenceRoutes(deps));
      await typed.register(segmentRoutes(deps));
      await typed.register(flagTokenRoutes(deps));
      await typed.register(alertRoutes(deps));
      await typed.register(webhookRoutes(deps));
      await typed.register(slackRoutes(deps));
      api.get('/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, async () =>
        app.swagger(),
      );
    },
    { prefix: '/api/v1' },
  );
  app.register(loginRoutes(deps));
  app.register(consoleRoutes(deps.console));
  app.register(deliveryRoutes(deps.delivery));
  app.register(healthRoutes(deps));
  return app;
}

/** Listens and gives the address; `PORT_BUSY` when another process has the port, `CONFIG_INVALID` off loopback. */
export async function listen(
  app: FastifyInstance,
  at: { host: string; port: number; hasLogin: boolean },
): Promise<string> {
  refuseOpenAddress(at.host, at);
  return listenAt(app, { host: at.host, port: at.port });
}

function countAnswers(app: FastifyInstance, { telemetry }: ServerDeps): void {
  if (telemetry === undefined) return;
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url;
    // Of a stream the time is its length and not that of an answer.
    if (route === undefined || String(reply.getHeader('content-type')).startsWith('text/event-stream'))
      return;
    const { method } = request;
    telemetry.answered({ method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
  });
}
