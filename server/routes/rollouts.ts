import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { traceLine } from '../../analysis/trace.ts';
import type { HistorySample, Sample } from '../../plans/sample.ts';
import {
  Action,
  ActionReply,
  ActionRequest,
  AmendReply,
  AmendRequest,
  CheckReply,
  CheckRequest,
  JournalReply,
  ListQuery,
  ListReply,
  SamplesQuery,
  SamplesReply,
  StatusReply,
  SubmitReply,
  SubmitRequest,
} from '../api.ts';
import type { ServerDeps } from '../deps.ts';
import { liveEvent, planOf, rolloutRow, viewOf } from '../live.ts';
import { checkPlanText, planFromText } from '../plan-text.ts';
import { submit } from '../submit.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** Plans and rollouts: hand in, look at, decide. */
export const rolloutRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/plans/check', {
      schema: { tags: ['plans'], summary: 'Check a plan', body: CheckRequest, response: { 200: CheckReply } },
      handler: async (request) => checkPlanText(deps, request.body),
    });

    app.post('/rollouts', {
      schema: {
        tags: ['rollouts'],
        summary: 'Submit a plan',
        body: SubmitRequest,
        response: { 201: SubmitReply },
      },
      handler: async (request, reply) => {
        const { by, roles, text, file } = request.body;
        const done = await submit(deps, { text, file, actor: { by, roles } });
        return reply
          .code(201)
          .header('location', `/api/v1/rollouts/${encodeURIComponent(done.id)}`)
          .send(done);
      },
    });

    app.get('/rollouts', {
      schema: {
        tags: ['rollouts'],
        summary: 'List rollouts',
        querystring: ListQuery,
        response: { 200: ListReply },
      },
      handler: async (request) => {
        const { phase, environment, flag, limit } = request.query;
        const rows = await deps.rollouts.list({
          limit,
          ...(environment === undefined ? {} : { environment }),
          ...(flag === undefined ? {} : { flag }),
          ...(phase === undefined ? {} : { phases: [phase] }),
        });
        return { rollouts: rows.map(viewOf) };
      },
    });

    app.get('/rollouts/:id', {
      schema: { tags: ['rollouts'], summary: 'One rollout now', params: Id, response: { 200: StatusReply } },
      handler: async (request) => {
        const { id } = request.params;
        const [event, messages] = await Promise.all([liveEvent(deps, id), deps.outbox.of(id)]);
        const notifications = messages.map(({ notification, state, attempts, error }) => ({
          event: notification.event,
          channel: notification.channel,
          state,
          attempts,
          error,
        }));
        return { ...event, notifications };
      },
    });

    app.get('/rollouts/:id/journal', {
      schema: {
        tags: ['rollouts'],
        summary: 'Every transition',
        params: Id,
        response: { 200: JournalReply },
      },
      handler: async (request) => {
        await rolloutRow(deps, request.params.id);
        return { entries: await deps.rollouts.journal(request.params.id) };
      },
    });

    app.get('/rollouts/:id/samples', {
      schema: {
        tags: ['rollouts'],
        summary: 'Every poll of its gates',
        params: Id,
        querystring: SamplesQuery,
        response: { 200: SamplesReply },
      },
      handler: async (request) => {
        await rolloutRow(deps, request.params.id);
        return { samples: await deps.rollouts.samples(request.params.id, request.query.after ?? 0) };
      },
    });

    app.get('/rollouts/:id/trace', {
      schema: { tags: ['rollouts'], summary: 'Its samples as JSON lines, for backtest', params: Id },
      handler: async (request, reply) => {
        const row = await rolloutRow(deps, request.params.id);
        const plan = planOf(row);
        const samples = await deps.rollouts.samples(row.id);
        // A window without a sample (source down, counter reset) is a gap in the trace, as it was for the gate.
        const lines = samples.flatMap(({ sample }) =>
          sample === null
            ? []
            : [`${traceLine(sample as Sample | HistorySample, { rollout: row.id, plan })}\n`],
        );
        return reply.type('application/x-ndjson').send(lines.join(''));
      },
    });

    app.post('/rollouts/:id/actions/:action', {
      schema: {
        tags: ['rollouts'],
        summary: 'Decide',
        params: Id.extend({ action: Action }),
        body: ActionRequest,
        response: { 200: ActionReply },
      },
      handler: async (request) => {
        const { id, action } = request.params;
        await rolloutRow(deps, id);
        return { id, ...(await deps.engine.act(id, action, request.body)) };
      },
    });

    app.post('/rollouts/:id/amend', {
      schema: {
        tags: ['rollouts'],
        summary: 'Change the plan',
        params: Id,
        body: AmendRequest,
        response: { 200: AmendReply },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { by, roles, text, file, reason } = request.body;
        await rolloutRow(deps, id);
        const { plan } = planFromText(deps, { text, file });
        const done = await deps.engine.amend(id, { plan, text, actor: { by, roles }, reason });
        return { id, ...done };
      },
    });
  };
