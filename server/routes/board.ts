import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import {
  ApprovalsQuery,
  ApprovalsReply,
  ChannelsReply,
  CountsQuery,
  CountsReply,
  WindowsQuery,
  WindowsReply,
} from '../api/board.ts';
import { callerOf } from '../auth/guard.ts';
import { calendar, createCounts, filterOf, openApprovals } from '../board.ts';
import type { ServerDeps } from '../deps.ts';

/** What one sees before one looks at a rollout: how many there are, what waits for whom, when things may move. */
export const boardRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const counts = createCounts(deps);
    app.get('/rollouts/counts', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'How many there are in each phase',
        querystring: CountsQuery,
        response: { 200: CountsReply },
      },
      handler: async (request) => {
        const { asks, total, phases } = await counts(filterOf(request.query, callerOf(request)));
        return { total, phases, waiting: asks };
      },
    });

    app.get('/approvals', {
      config: { access: ['read'] },
      schema: {
        tags: ['board'],
        summary: 'What waits for a person',
        querystring: ApprovalsQuery,
        response: { 200: ApprovalsReply },
      },
      handler: async (request) => openApprovals(deps, callerOf(request), request.query),
    });

    app.get('/windows', {
      config: { access: ['read'] },
      schema: {
        tags: ['board'],
        summary: 'When rollouts may go on',
        querystring: WindowsQuery,
        response: { 200: WindowsReply },
      },
      handler: async (request) =>
        calendar(deps, callerOf(request), { now: deps.now(), days: request.query.days }),
    });

    app.get('/channels', {
      config: { access: ['read'] },
      schema: {
        tags: ['board'],
        summary: 'Where messages go, and whether they arrive',
        response: { 200: ChannelsReply },
      },
      handler: async () => {
        const names = Object.keys(deps.channels);
        const states = await deps.board.channels(names);
        return { channels: states.map((state) => ({ ...state, kind: deps.channels[state.name] ?? '' })) };
      },
    });
  };
