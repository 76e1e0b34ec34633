import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Failure, isFailure } from '../../plans/failures.ts';
import { EvidenceReply, EvidenceRequest } from '../api/evidence.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { viewOf } from '../live.ts';

const params = z.strictObject({ id: z.string().min(1) });
const tags = ['rollouts'];
const TELLERS = ['submit', 'operate', 'approve'] as const;

/** What people and programs tell of a rollout before it begins, for plans that ask for it. */
export const evidenceRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/rollouts/:id/evidence', {
      config: { access: [...TELLERS] },
      schema: {
        tags,
        summary: 'Tell of tests, sign-offs and the like before a rollout begins',
        params,
        body: EvidenceRequest,
        response: { 200: EvidenceReply },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { by, roles, kind, ok, url = null } = request.body;
        const row = await rolloutFor(deps, request, [...TELLERS]);
        const view = viewOf(row);
        if (view.phase !== 'submitted')
          throw new Failure('NOT_WAITING', `${id} has begun: it is ${view.phase}.`);
        const actor = callerOf(request).actor({ by, roles }, placeOf(row));
        await deps.evidence.tell(id, { kind, ok, by: actor.by, url });
        const reason = `${kind}: ${ok ? 'ok' : 'not ok'}${url === null ? '' : `, ${url}`}`;
        const asked = await askedAgain(() =>
          deps.engine.act(id, 'recheck', { ...actor, reason, accept: null, breakGlass: false }),
        );
        return { id, evidence: await deps.evidence.of(id), asked };
      },
    });

    app.get('/rollouts/:id/evidence', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'What was told of a rollout before it began',
        params,
        response: { 200: EvidenceReply.pick({ id: true, evidence: true }) },
      },
      handler: async (request) => {
        const { id } = await rolloutFor(deps, request);
        return { id, evidence: await deps.evidence.of(id) };
      },
    });
  };

/** What was told stands, whether the rollout can be asked to look again or not: it looks by itself later. */
async function askedAgain(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isFailure(error)) return false;
    throw error;
  }
}
