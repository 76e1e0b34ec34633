import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DrillEndRequest, DrillReply, DrillRequest, DrillsQuery, DrillsReply } from '../api/drills.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import { withCurrent } from '../conflict.ts';
import type { ServerDeps } from '../deps.ts';
import { beginDrill, endDrill } from '../drills.ts';

const params = z.strictObject({ id: z.string().min(1) });
const tags = ['rollouts'];

/** Rollbacks that are rehearsed on purpose. */
export const drillRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/rollouts/:id/drill', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Break the new path on purpose, to see it rolled back',
        params,
        body: DrillRequest,
        response: { 201: DrillReply },
      },
      handler: async (request, reply) => {
        const { id } = request.params;
        const { by, roles, reason, errorRate, latencyMs, percent, within } = request.body;
        const place = placeOf(await rolloutFor(deps, request, 'operate'));
        const actor = callerOf(request).actor({ by, roles }, place);
        const wish = { actor, reason, breakage: { errorRate, latencyMs, percent }, within };
        const begun = await withCurrent(deps, id, () => beginDrill(deps, id, wish));
        request.log.info({ rollout: id, drill: begun.id, by: actor.by }, 'a drill begins');
        return reply.code(201).send(begun);
      },
    });

    app.post('/rollouts/:id/drill/end', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Break off the drill that runs',
        params,
        body: DrillEndRequest,
        response: { 200: DrillReply },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { by, roles, reason } = request.body;
        const place = placeOf(await rolloutFor(deps, request, 'operate'));
        const actor = callerOf(request).actor({ by, roles }, place);
        return withCurrent(deps, id, () => endDrill(deps, id, { actor, reason }));
      },
    });

    app.get('/drills', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'Drills and what came of them',
        querystring: DrillsQuery,
        response: { 200: DrillsReply },
      },
      handler: async (request) => {
        const caller = callerOf(request);
        const found = await deps.drills.list(request.query);
        return {
          drills: found.filter(({ environment, flag }) => caller.may('read', { environment, flag })),
        };
      },
    });
  };
