import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createApp } from '../app.ts';
import type { TelemetryPage } from './page.ts';

/** `/metrics` and `/healthz` on a port of their own, so that who scrapes them needs no token and reaches nothing else. */
export function createTelemetryServer(page: TelemetryPage, logger: FastifyBaseLogger): FastifyInstance {
  const app = createApp(logger);
  app.get('/metrics', async (_request, reply) => reply.type(page.contentType).send(await page.text()));
  app.get('/healthz', async () => ({ ok: true }));
  return app;
}
