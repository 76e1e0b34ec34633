import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Failure, isFailure } from '../../plans/failures.ts';
import { ENDED, PHASES } from '../../plans/view.ts';
import type { RolloutRow } from '../../store/store.ts';
import { AlertReply, AlertRequest } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { rolloutRow } from '../live.ts';

const ACTIVE = PHASES.filter((phase) => !ENDED.includes(phase));

async function concerned(deps: ServerDeps, alert: AlertRequest): Promise<RolloutRow[]> {
  const { rollout, flag, service, environment } = alert;
  if (rollout !== undefined) return [await rolloutRow(deps, rollout)];
  if (flag === undefined && service === undefined) {
    throw new Failure('USAGE', 'An alert names the rollout, the flag or the service that it is about.');
  }
  return deps.rollouts.list({
    phases: ACTIVE,
    ...(flag === undefined ? {} : { flag }),
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
  });
}

function isOver(error: unknown): boolean {
  return isFailure(error) && error.code === 'ROLLOUT_OVER';
}

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
        for (const row of rows) caller.demand('operate', placeOf(row));
        const ids = rows.map(({ id }) => id);
        const told = await Promise.allSettled(ids.map((id) => deps.engine.alert(id, request.body)));
        // One that ended meanwhile needs no alert. Any other failure makes the sender repeat the alert for all.
        const failed = told.find((result) => result.status === 'rejected' && !isOver(result.reason));
        if (failed?.status === 'rejected') throw failed.reason;
        return reply.code(202).send({ rollouts: ids });
      },
    });
  };
