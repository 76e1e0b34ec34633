import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Place } from '../../plans/access.ts';
import { RetryReply, RetryRequest, SupersedeReply, SupersedeRequest } from '../api/after.ts';
import { type Caller, callerOf } from '../auth/guard.ts';
import { rolloutFor } from '../auth/places.ts';
import type { RetryDeps } from '../carried.ts';
import { retry } from '../retry.ts';
import { supersede } from '../supersede.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** What comes after a rollout, or in its place. */
export const afterRoutes =
  (deps: RetryDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/rollouts/:id/retry', {
      config: { access: ['submit'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Take up again what was rolled back',
        params: Id,
        body: RetryRequest,
        response: { 201: RetryReply },
      },
      handler: async (request, reply) => {
        const { by, roles, from, reason, text, file, build, accept } = request.body;
        const row = await rolloutFor(deps, request, 'submit');
        if (accept !== undefined)
          callerOf(request).demand('approve', { environment: row.environment, flag: row.flag });
        const done = await retry(deps, row, {
          from: from ?? null,
          reason,
          text: text ?? null,
          file,
          build: build ?? null,
          accept: accept ?? null,
          actorAt: actorOf(callerOf(request), { by, roles }),
        });
        return reply
          .code(201)
          .header('location', `/api/v1/rollouts/${encodeURIComponent(done.id)}`)
          .send(done);
      },
    });

    app.post('/rollouts/:id/supersede', {
      config: { access: ['operate'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Have a newer plan take its place, or say what that would be',
        params: Id,
        body: SupersedeRequest,
        response: { 200: SupersedeReply },
      },
      handler: async (request) => {
        const { by, roles, ...rest } = request.body;
        const row = await rolloutFor(deps, request, 'operate');
        return supersede(deps, row, { ...rest, actorAt: actorOf(callerOf(request), { by, roles }) });
      },
    });
  };

function actorOf(caller: Caller, named: { by: string | undefined; roles: string[] | undefined }) {
  return (place: Place) => {
    caller.demand('submit', place);
    return caller.actor(named, place);
  };
}
