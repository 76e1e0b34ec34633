import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { proposePlan } from '../../plans/proposal.ts';
import { reportMarkdown } from '../../rollout/reporting/markdown.ts';
import { ProposalReply } from '../api/after.ts';
import { ReportQuery } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { reportHtml } from '../report/html.ts';
import { PAGE_POLICY } from '../report/page.ts';
import type { Reports } from '../reports.ts';

const Id = z.strictObject({ id: z.string().min(1) });

/** The story of a rollout, for programs, for documents, or as one page. */
export const reportRoutes =
  (deps: ServerDeps, reports: Reports): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/rollouts/:id/report', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Its story as JSON, Markdown or HTML',
        params: Id,
        querystring: ReportQuery,
      },
      handler: async (request, reply) => {
        const row = await rolloutFor(deps, request);
        const report = await reports.of(row);
        switch (request.query.format) {
          case 'json':
            return reply.send(report);
          case 'markdown':
            return reply.type('text/markdown; charset=utf-8').send(reportMarkdown(report));
          case 'html':
            return reply
              .type('text/html; charset=utf-8')
              .header('content-security-policy', PAGE_POLICY)
              .send(reportHtml(report));
        }
      },
    });

    app.get('/rollouts/:id/proposal', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Its plan with what its report would adjust',
        params: Id,
        response: { 200: ProposalReply },
      },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        const { advice } = await reports.of(row);
        return { id: row.id, ...proposePlan(row.text, { of: row.id, advice }) };
      },
    });
  };
