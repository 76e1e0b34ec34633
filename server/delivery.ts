import type { FastifyPluginAsync } from 'fastify';
import { admission, type Delivery } from './admission.ts';
import { crossOrigin } from './cross-origin.ts';
import { createLimit } from './limit.ts';
import { definitionRoutes } from './routes/definitions.ts';
import { flagEventRoutes } from './routes/flag-events.ts';
import { ofrepRoutes } from './routes/ofrep.ts';

/** OFREP with its event streams, and definitions to download. */
export const deliveryRoutes =
  (delivery: Delivery): FastifyPluginAsync =>
  async (app) => {
    const limiter = createLimit(delivery.limit, delivery.now);
    const parts = { ...delivery, ...admission(delivery, limiter) };
    crossOrigin(app, delivery.origins);
    await app.register(ofrepRoutes(parts), { prefix: '/ofrep/v1' });
    await app.register(flagEventRoutes(parts), { prefix: '/ofrep/v1' });
    await app.register(definitionRoutes(parts), { prefix: '/flags/v1' });
  };
