import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { TlsFiles } from '../flags/tls.ts';
import type { Delivery } from './admission.ts';
import { createApp } from './app.ts';
import { deliveryRoutes } from './delivery.ts';

/**
 * Delivery of flags alone, for applications on other machines: OFREP, event streams and downloads, nothing that moves a
 * flag. `/healthz` says that it answers. @throws Failure CONFIG_INVALID
 */
export function createDeliveryServer(
  delivery: Delivery,
  { logger, tls }: { logger: FastifyBaseLogger; tls: TlsFiles | null },
): FastifyInstance {
  const app = createApp(logger, { tls });
  app.register(deliveryRoutes(delivery));
  app.get('/healthz', async () => ({ ok: true }));
  return app;
}
