import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createApp } from '../app.ts';

/** What Prometheus reads of a process. */
export interface TelemetryPage {
  readonly contentType: string;
  /** Never fails: what is away is told as such. */
  text(): Promise<string>;
}

/** `/metrics` and `/healthz` on a port of their own, so that who scrapes them needs no token and reaches nothing else. */
export function createTelemetryServer(page: TelemetryPage, logger: FastifyBaseLogger): FastifyInstance {
  const app = createApp(logger);
  app.get('/metrics', async (_request, reply) => reply.type(page.contentType).send(await page.text()));
  app.get('/healthz', async () => ({ ok: true }));
  return app;
}
