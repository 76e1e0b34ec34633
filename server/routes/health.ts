import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isFailure } from '../../plans/failures.ts';
import type { ServerDeps } from '../deps.ts';

const Ready = z.strictObject({
  ready: z.boolean(),
  parts: z.record(z.string(), z.string()),
});

async function state(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
    return 'ok';
  } catch (error) {
    return isFailure(error) ? error.code : 'INTERNAL';
  }
}

/** `/healthz`: the process answers. `/readyz`: the parts that it needs answer too. */
export const healthRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/healthz', {
      schema: {
        tags: ['health'],
        summary: 'The process answers',
        response: { 200: z.strictObject({ ok: z.literal(true) }) },
      },
      handler: async () => ({ ok: true as const }),
    });

    app.get('/readyz', {
      schema: {
        tags: ['health'],
        summary: 'The parts that it needs answer',
        response: { 200: Ready, 503: Ready },
      },
      handler: async (_request, reply) => {
        const [postgres, temporal] = await Promise.all([
          state(() => deps.rollouts.list({ limit: 1 })),
          state(() => deps.engine.ping()),
        ]);
        const ready = postgres === 'ok' && temporal === 'ok';
        return reply.code(ready ? 200 : 503).send({ ready, parts: { postgres, temporal } });
      },
    });
  };
