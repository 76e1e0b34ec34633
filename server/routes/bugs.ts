import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { BugReply, BugRequest } from '../api/bugs.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { bugAlert } from '../webhooks/bug.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** Bugs that people report: each tells its rollout, and the plan says what follows. */
export const bugRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/rollouts/:id/bugs', {
      config: { access: ['operate', 'approve', 'submit'] },
      schema: {
        tags: ['alerts'],
        summary: 'Report a bug in the new path',
        params: Id,
        body: BugRequest,
        response: { 202: BugReply },
      },
      handler: async (request, reply) => {
        const { by, roles, ...bug } = request.body;
        const row = await rolloutFor(deps, request, ['operate', 'approve', 'submit']);
        const actor = callerOf(request).actor({ by, roles }, placeOf(row));
        await deps.engine.alert(row.id, bugAlert(bug, actor.by));
        return reply.code(202).send({ id: row.id });
      },
    });
  };
