import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { AlertReply, AlertRequest } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import { concerned, demandAll, tell } from '../webhooks/tell.ts';

/** Alerts from outside: each active rollout that one is about is told, and its plan says what follows. */
export const alertRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/alerts', {
      config: { access: ['operate'] },
      schema: {
        tags: ['alerts'],
        summary: 'Tell of an alert',
        body: AlertRequest,
        response: { 202: AlertReply },
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const rows = await concerned(deps, request.body);
        demandAll(rows, (place) => caller.demand('operate', place));
        const { name, scope, status, detail } = request.body;
        return reply
          .code(202)
          .send({ rollouts: await tell(deps, rows, { name, scope, status, detail, from: caller.name }) });
      },
    });
  };
