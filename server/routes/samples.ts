import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SampleRow } from '../../store/store.ts';
import { SamplesQuery, SamplesReply } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { fromTheFirst } from '../pieces.ts';
import { tracePages } from '../trace.ts';

const params = z.strictObject({ id: z.string().min(1) });

/** What the gates of a rollout have read. Six weeks of polls are hundreds of megabytes: never more than a page of them is in memory. */
export const sampleRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/rollouts/:id/samples', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'The polls of its gates, in pages',
        params,
        querystring: SamplesQuery,
        response: { 200: SamplesReply },
      },
      handler: async (request) => {
        const { id } = await rolloutFor(deps, request);
        const { after = 0, limit } = request.query;
        const rows = await deps.rollouts.samplePage(id, { after, limit });
        const next = rows.length < limit ? null : (rows.at(-1)?.t ?? null);
        const told = ({ stage, t, at, sample, assessment }: SampleRow) => ({
          rolloutId: id,
          stage,
          t,
          at,
          sample,
          assessment,
        });
        return { samples: rows.map(told), next };
      },
    });

    app.get('/rollouts/:id/trace', {
      config: { access: ['read'] },
      schema: { tags: ['rollouts'], summary: 'Its samples as JSON lines, for backtest', params },
      handler: async (request, reply) => {
        const pages = await fromTheFirst(tracePages(deps, await rolloutFor(deps, request)));
        return reply.type('application/x-ndjson').send(Readable.from(pages));
      },
    });
  };
