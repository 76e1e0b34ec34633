import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isFailure } from '../../plans/failures.ts';
import type { Plan } from '../../plans/plan.ts';
import { PreflightReply, PreflightRequest } from '../api/preflights.ts';
import { callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import { claimFault, claimText } from '../flags/claimable.ts';
import { planFromText } from '../plan-text.ts';
import type { PreflightServed } from '../preflight-wanted.ts';
import { createPreflights } from '../preflights.ts';

const params = z.strictObject({ id: z.string().min(1).max(100) });
const tags = ['plans'];

/** What a plan would be like on the own traffic of its service. It reads, for seconds, and changes nothing. */
export const preflightRoutes = (deps: ServerDeps): FastifyPluginAsyncZod => {
  const preflights = createPreflights(deps);
  return async (app) => {
    app.post('/plans/preflights', {
      config: { access: ['submit'] },
      schema: {
        tags,
        summary: 'Begin a preflight, which goes on in the background',
        body: PreflightRequest,
        response: { 202: PreflightReply },
      },
      handler: async (request, reply) => {
        const { text, file, days } = request.body;
        const caller = callerOf(request);
        const { plan } = planFromText(deps, { text, file });
        caller.demand('submit', { environment: plan.environment, flag: plan.flag.key });
        const begun = preflights.begin(caller.name, { text, file, days, served: await servedOf(deps, plan) });
        return reply.code(202).header('location', `/api/v1/plans/preflights/${begun.id}`).send(begun);
      },
    });

    app.get('/plans/preflights/:id', {
      config: { access: ['submit'] },
      schema: {
        tags,
        summary: 'How far a preflight of your own is, and what it says',
        params,
        response: { 200: PreflightReply },
      },
      handler: async (request) => preflights.read(callerOf(request).name, request.params.id),
    });
  };
};

async function servedOf({ flags, registry }: ServerDeps, plan: Plan): Promise<PreflightServed> {
  if (plan.mode !== 'act') return null;
  try {
    const target = { environment: plan.environment, key: plan.flag.key };
    const reading = await flags.read(target);
    if (reading === null) return null;
    const { exposure, latch } = reading;
    const fault = claimFault(plan, await registry.read(target));
    const { percent, segments, variant } = exposure;
    return {
      exposure: { percent, segments: [...segments], variant },
      latch: latch == null ? null : { by: latch.by, reason: latch.reason },
      unclaimable:
        fault === null ? null : { path: fault.path, message: claimText(fault), instead: fault.instead },
    };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return 'unreachable';
  }
}
