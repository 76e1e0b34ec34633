import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { compare, compareAhead } from '../../analysis/comparison.ts';
import type { Comparison } from '../../plans/comparison.ts';
import { ENDED } from '../../plans/view.ts';
import type { RolloutRow } from '../../store/store.ts';
import { ComparisonQuery, ComparisonReply } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { planOf, viewOf } from '../live.ts';
import { replayed, stageIndexOf } from '../replayed.ts';
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
        const gates = ENDED.includes(view.phase)
          ? (await reports.of(row)).gates
          : await presentGates(deps, row);
        const name = request.query.stage ?? view.stage ?? gates.at(-1)?.stage ?? plan.stages[0]?.name ?? '';
        const index = stageIndexOf(plan, name);
        const comparison =
          gates.findLast(({ stage }) => stage === name) ??
          compareAhead(plan, { stageIndex: index, planRevision: view.planRevision });
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

/** Of a rollout that still runs: each visit of a stage as far as it was recorded. */
async function presentGates(deps: ServerDeps, row: RolloutRow): Promise<Comparison[]> {
  const { replay } = await replayed(deps, row);
  const { stage } = viewOf(row);
  const last = replay.visits.at(-1);
  return replay.visits.map((visit) =>
    compare(visit, visit === last && visit.stage === stage ? 'now' : 'past'),
  );
}
