import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import type { IncidentNow, IncidentTurn } from '../../plans/incident-cadence.ts';
import { incidentState, standingLines, standingSentence } from '../../plans/incident-standing.ts';
import type { Cause } from '../../plans/journal.ts';
import { CloseRequest, IncidentReply, IncidentsReply, ReviewReply } from '../api/incidents.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { incidentTexts } from '../incidents.ts';
import type { Reports } from '../reports.ts';

const Id = z.strictObject({ id: z.string().min(1) });
const ReviewQuery = z.strictObject({ format: z.enum(['json', 'markdown']).default('json') });

/** The incident of a rollout: how it stands, its end by a person, and the draft of its review. */
export const incidentRoutes =
  (deps: ServerDeps, reports: Reports): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/rollouts/:id/incidents', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Its incident now, if it has one',
        params: Id,
        response: { 200: IncidentsReply },
      },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        const incident = await deps.incidents.of(row.id);
        return { incidents: incident === null ? [] : [replyOf(incident, deps.now())] };
      },
    });

    app.get('/rollouts/:id/incident', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Its incident now',
        params: Id,
        response: { 200: IncidentReply },
      },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        return replyOf(await known(deps, row.id), deps.now());
      },
    });

    app.post('/rollouts/:id/incident/close', {
      config: { access: ['operate', 'approve'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Close its incident',
        params: Id,
        body: CloseRequest,
        response: { 200: IncidentReply },
      },
      handler: async (request) => {
        const { by, roles, reason } = request.body;
        const row = await rolloutFor(deps, request, ['operate', 'approve']);
        const actor = callerOf(request).actor({ by, roles }, placeOf(row));
        await known(deps, row.id);
        const cause: Cause = { kind: 'person', ...actor, reason };
        const turn = await deps.incidents.attend(row.id, deps.now(), (incident) => closing(incident, cause));
        if (turn === null) throw new Failure('INCIDENT_CLOSED', `The incident of ${row.id} is over.`);
        return replyOf(await known(deps, row.id), deps.now());
      },
    });

    app.get('/rollouts/:id/incident/review', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'The draft of a review of its incident',
        params: Id,
        querystring: ReviewQuery,
      },
      handler: async (request, reply) => {
        const row = await rolloutFor(deps, request);
        const texts = await incidentTexts({ ...deps, reports }, row);
        if (texts === null) throw unknown(row.id);
        const review = `${texts.review.join('\n')}\n`;
        if (request.query.format === 'json') return ReviewReply.parse({ id: row.id, review });
        return reply.type('text/markdown; charset=utf-8').send(review);
      },
    });
  };

async function known({ incidents }: ServerDeps, id: string): Promise<IncidentNow> {
  const incident = await incidents.of(id);
  if (incident === null) throw unknown(id);
  return incident;
}

function unknown(id: string): Failure {
  return new Failure('INCIDENT_UNKNOWN', `${id} has no incident that anybody is kept informed of.`);
}

function closing(incident: IncidentNow, cause: Cause): IncidentTurn {
  const { view, told, closedAt } = incident;
  if (closedAt !== null) throw new Failure('INCIDENT_CLOSED', `The incident of ${view.id} is over.`);
  if (view.phase === 'reverting')
    throw new Failure(
      'INCIDENT_OPEN',
      `The flag ${view.flag} is not back yet: the incident of ${view.id} goes on.`,
    );
  const by = cause.kind === 'person' ? cause.by : '';
  const why = cause.kind === 'person' && cause.reason !== null ? `: ${cause.reason.replace(/\.$/, '')}` : '';
  return {
    told,
    notifications: [],
    close: { cause, summary: `${by} closes the incident${why}.` },
    done: false,
  };
}

function replyOf(incident: IncidentNow, now: number): IncidentReply {
  const { view, openedAt: since, closedAt } = incident;
  const at = { since, now: closedAt ?? now };
  return {
    id: view.id,
    state: incidentState(incident),
    since,
    closedAt,
    summary: standingSentence(incident, at),
    lines: standingLines(incident, at),
  };
}
