import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { compare, compareAhead } from '../../analysis/comparison.ts';
import { ENDED } from '../../plans/view.ts';
import { ComparisonQuery, ComparisonReply } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { viewOf } from '../live.ts';
import { replayed, stageIndexOf } from '../replayed.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** Both cohorts of a stage side by side. */
export const comparisonRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/rollouts/:id/comparison', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Both cohorts of a stage side by side',
        params: Id,
        querystring: ComparisonQuery,
        response: { 200: ComparisonReply },
      },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        const { plan, replay } = await replayed(deps, row);
        const { stage: asked } = request.query;
        const view = viewOf(row);
        const { visits } = replay;
        const name = asked ?? view.stage ?? visits.at(-1)?.stage ?? plan.stages[0]?.name ?? '';
        const index = stageIndexOf(plan, name);
        const visit = visits.findLast(({ stage }) => stage === name);
        const present = view.stage === name && visit === visits.at(-1) && !ENDED.includes(view.phase);
        return {
          id: row.id,
          planRevision: view.planRevision,
          stages: plan.stages.map((stage) => ({
            name: stage.name,
            visits: visits.filter((one) => one.stage === stage.name).length,
          })),
          comparison:
            visit === undefined ? compareAhead(plan, index) : compare(visit, plan, present ? 'now' : 'past'),
        };
      },
    });
  };
