import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { JournalQuery, JournalReply } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { journalText } from '../journal.ts';
import { fromTheFirst } from '../pieces.ts';

/** What was decided in a rollout, and why. */
export const journalRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/rollouts/:id/journal', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Every transition, in pages or all of them',
        params: z.strictObject({ id: z.string().min(1) }),
        querystring: JournalQuery,
        response: { 200: JournalReply },
      },
      handler: async (request, reply) => {
        const { id } = await rolloutFor(deps, request);
        const { after = 0, limit } = request.query;
        if (limit !== undefined) {
          const entries = await deps.rollouts.journalPage(id, { after, limit });
          return { entries, next: entries.length < limit ? null : (entries.at(-1)?.seq ?? null) };
        }
        // It is the text of a `JournalReply`, which the reply's own type does not know.
        const raw = reply as unknown as FastifyReply;
        const text = await fromTheFirst(journalText(deps.rollouts, id, after));
        return raw.type('application/json; charset=utf-8').send(Readable.from(text));
      },
    });
  };
