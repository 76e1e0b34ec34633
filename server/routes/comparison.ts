import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { compareAhead } from '../../analysis/comparison.ts';
import { restoreEvidence } from '../../analysis/restored-evidence.ts';
import { ComparisonQuery, ComparisonReply } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { planOf, viewOf } from '../live.ts';
import { stageIndexOf } from '../replayed.ts';
import type { Reports } from '../reports.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** Both cohorts of a stage side by side. */
export const comparisonRoutes =
  (deps: ServerDeps, reports: Reports): FastifyPluginAsyncZod =>
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
        const view = viewOf(row);
        const plan = planOf(row);
        const gates = await reports.gates(row);
        const name = request.query.stage ?? view.stage ?? gates.at(-1)?.stage ?? plan.stages[0]?.name ?? '';
        const index = stageIndexOf(plan, name);
        const carried = gates.length > 0 ? null : restoreEvidence(await deps.rollouts.carried(row.id), plan);
        const comparison =
          gates.findLast(({ stage }) => stage === name) ??
          compareAhead(plan, { stageIndex: index, planRevision: view.planRevision, carried });
        return {
          id: row.id,
          planRevision: view.planRevision,
          stages: plan.stages.map((stage) => ({
            name: stage.name,
            visits: gates.filter((one) => one.stage === stage.name).length,
          })),
          comparison,
        };
      },
    });
  };
