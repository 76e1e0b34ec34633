import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { StepRequest } from '../api/steps.ts';
import { ActionReply } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { requestIdOf } from '../idempotency.ts';
import { stepDone } from '../steps.ts';

const Params = z.strictObject({ id: z.string().min(1), step: z.string().min(1) });
const NEEDED = ['operate', 'submit'] as const;

/** What is left behind the point of no return. A rollout's `view.steps` lists it. */
export const stepRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/rollouts/:id/steps/:step/done', {
      config: { access: NEEDED },
      schema: {
        tags: ['rollouts'],
        summary: 'Mark a step behind the point of no return as done',
        params: Params,
        body: StepRequest,
        response: { 200: ActionReply },
      },
      handler: async (request) => {
        const { id, step } = request.params;
        const { by, roles, reason } = request.body;
        const row = await rolloutFor(deps, request, NEEDED);
        const actor = callerOf(request).actor({ by, roles }, placeOf(row));
        return { id, ...(await stepDone(deps, row, { step, reason, actor, ...requestIdOf(request) })) };
      },
    });
  };
