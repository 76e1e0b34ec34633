import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { amend } from '../amend.ts';
import { ListQuery } from '../api/board.ts';
import { CheckReply, CheckRequest, PlanComparisonReply, PlanDifferenceQuery } from '../api/plans.ts';
import {
  Action,
  ActionReply,
  ActionRequest,
  AmendReply,
  AmendRequest,
  ListReply,
  PlanQuery,
  PlanReply,
  StatusReply,
  SubmitReply,
  SubmitRequest,
  ToldRequest,
} from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import { listPage } from '../board.ts';
import type { RetryDeps } from '../carried.ts';
import { withCurrent } from '../conflict.ts';
import { NEEDED, whoOf } from '../decisions.ts';
import type { Once } from '../engine.ts';
import { requestIdOf } from '../idempotency.ts';
import { leaseOf, liveEventOf, planOf, rolloutRow } from '../live.ts';
import { checkPlan } from '../plan-check.ts';
import { comparisonReply, lastOf } from '../plan-difference.ts';
import { planReply } from '../plan-revisions.ts';
import { planAmongRollouts } from '../plan-text.ts';
import { submitAnew } from '../same-build.ts';
import { settledTenants } from '../tenants.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** Plans and rollouts: hand in, look at, decide. */
export const rolloutRoutes =
  (deps: RetryDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/plans/check', {
      config: { access: ['read'] },
      schema: { tags: ['plans'], summary: 'Check a plan', body: CheckRequest, response: { 200: CheckReply } },
      handler: async (request) => {
        const { amends: amended, against: other, ...wanted } = request.body;
        const caller = callerOf(request);
        const readable = async (id: string | undefined) => {
          if (id === undefined) return null;
          const row = await rolloutRow(deps, id);
          caller.demand('read', placeOf(row));
          return row;
        };
        const [amends, against] = [await readable(amended), await readable(other)];
        return checkPlan(deps, caller, { ...wanted, amends, against });
      },
    });

    app.post('/rollouts', {
      config: { access: ['submit'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Submit a plan',
        body: SubmitRequest,
        response: { 201: SubmitReply },
      },
      handler: async (request, reply) => {
        const { by, roles, text, file } = request.body;
        const caller = callerOf(request);
        const done = await submitAnew(deps, {
          text,
          file,
          actorAt: (place) => {
            caller.demand('submit', place);
            return caller.actor({ by, roles }, place);
          },
        });
        return reply
          .code(201)
          .header('location', `/api/v1/rollouts/${encodeURIComponent(done.id)}`)
          .send(done);
      },
    });

    app.get('/rollouts', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'List rollouts',
        querystring: ListQuery,
        response: { 200: ListReply },
      },
      handler: async (request, reply) => {
        const page = await listPage(deps, callerOf(request), request.query);
        // It is the text of a `ListReply`, which the reply's own type does not know.
        const raw = reply as unknown as FastifyReply;
        return raw
          .type('application/json; charset=utf-8')
          .serializer((text: unknown) => String(text))
          .send(page);
      },
    });

    app.get('/rollouts/:id', {
      config: { access: ['read'] },
      schema: { tags: ['rollouts'], summary: 'One rollout now', params: Id, response: { 200: StatusReply } },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        const [event, messages] = await Promise.all([liveEventOf(deps, row), deps.outbox.of(row.id)]);
        const notifications = messages.map(({ notification, state, attempts, error }) => ({
          event: notification.event,
          channel: notification.channel,
          state,
          attempts,
          error,
        }));
        return { ...event, lease: leaseOf(deps, row), notifications };
      },
    });

    app.get('/rollouts/:id/plan', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Its plan, or an earlier revision of it',
        params: Id,
        querystring: PlanQuery,
        response: { 200: PlanReply },
      },
      handler: async (request) =>
        planReply(deps, { row: await rolloutFor(deps, request), wanted: request.query.revision }),
    });

    app.get('/rollouts/:id/plan/difference', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'What its plan changes in that of the last rollout of the flag',
        params: Id,
        querystring: PlanDifferenceQuery,
        response: { 200: PlanComparisonReply },
      },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        const { against } = request.query;
        if (against === undefined)
          return comparisonReply(row, await lastOf(deps, { ...row, before: row.submittedAt }));
        const other = await rolloutRow(deps, against);
        callerOf(request).demand('read', placeOf(other));
        return comparisonReply(row, other);
      },
    });

    app.post('/rollouts/:id/actions/:action', {
      config: { access: ['approve', 'submit', 'operate'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Decide',
        params: Id.extend({ action: Action }),
        body: ActionRequest,
        response: { 200: ActionReply },
      },
      handler: async (request) => {
        const { id, action } = request.params;
        const { by, roles, seq, gate, tenant, segment, ...rest } = request.body;
        const place = placeOf(await rolloutFor(deps, request, NEEDED[action]));
        const who = whoOf(deps, action, { tenant, segment });
        const actor = callerOf(request).actor({ by, roles }, place);
        const decision = { ...actor, ...rest, ...who, ...seenOf({ seq, gate }), ...requestIdOf(request) };
        return { id, ...(await withCurrent(deps, id, () => deps.engine.act(id, action, decision))) };
      },
    });

    app.post('/rollouts/:id/exposure', {
      config: { access: ['operate', 'submit'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Tell what others serve',
        params: Id,
        body: ToldRequest,
        response: { 200: ActionReply },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { by, roles, percent, segments = null, sequence, mover = null, at } = request.body;
        const place = placeOf(await rolloutFor(deps, request, ['operate', 'submit']));
        const actor = callerOf(request).actor({ by, roles }, place);
        const told = { percent, segments, sequence, mover, at: at === undefined ? null : Date.parse(at) };
        return { id, ...(await withCurrent(deps, id, () => deps.engine.tell(id, { ...told, actor }))) };
      },
    });

    app.post('/rollouts/:id/amend', {
      config: { access: ['submit'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Change the plan',
        params: Id,
        body: AmendRequest,
        response: { 200: AmendReply },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { by, roles, text, file, reason, seq, gate } = request.body;
        const row = await rolloutFor(deps, request, 'submit');
        const place = placeOf(row);
        const written = (await planAmongRollouts(deps, { text, file, amends: id })).plan;
        const before = { text: row.text, plan: planOf(row) };
        const { plan } = await settledTenants(deps, { plan: written, text, file, before });
        const actor = callerOf(request).actor({ by, roles }, place);
        const wanted = { plan, text, actor, reason, ...seenOf({ seq, gate }), ...requestIdOf(request) };
        const { changes, view } = await withCurrent(deps, id, () => amend(deps, id, wanted));
        return { id, changes, view };
      },
    });
  };

function seenOf({ seq, gate }: { seq?: number | undefined; gate?: string | undefined }): Pick<Once, 'seen'> {
  if (seq === undefined && gate === undefined) return {};
  return { seen: { ...(seq === undefined ? {} : { seq }), ...(gate === undefined ? {} : { gate }) } };
}
