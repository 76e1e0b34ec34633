import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Change } from '../../store/changes.ts';
import { BoardStreamQuery } from '../api/streams.ts';
import type { BoardEvent } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { lastEventId, type Streams } from '../streams/stream.ts';
import { createTail } from '../streams/tail.ts';

/**
 * Server-sent events of all rollouts that the reader may see: `ready` once with where the stream begins, `change` for each journal
 * line, `reset` where so much was missed that the list is to be read again. Ids are the same on every server.
 */
export const boardEventRoutes =
  (deps: ServerDeps, streams: Streams): FastifyPluginAsyncZod =>
  async (app) => {
    const tail = createTail(deps);

    app.get('/events', {
      config: { access: ['read'] },
      schema: {
        tags: ['board'],
        summary: 'Changes of all rollouts as they come',
        querystring: BoardStreamQuery,
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const { environment, flag, service, lastEventId: asked } = request.query;
        let seen = lastEventId(request, asked);
        const wanted = ({ view }: Change) =>
          (environment === undefined || view.environment === environment) &&
          (flag === undefined || view.flag === flag) &&
          (service === undefined || view.service === service) &&
          caller.may('read', placeOf(view));
        await streams.open({ request, reply }, (stream) => {
          const end = deps.notices.on((notice) => {
            if (notice.kind !== 'sample') stream.waker.wake();
          });
          let ready = false;
          const announce = async (event: 'ready' | 'reset') => {
            const head = await tail.head();
            seen = event === 'reset' ? head : (seen ?? head);
            await stream.send({ id: seen, message: { event, data: { head } } });
          };
          const step = async (): Promise<'more'> => {
            if (!ready) await announce('ready');
            ready = true;
            for (;;) {
              const from: number = seen ?? 0;
              const found = await tail.after(from);
              if (found === null) {
                await announce('reset');
                continue;
              }
              for (const change of found) {
                seen = change.id;
                if (!wanted(change)) continue;
                const { id, entry, view } = change;
                const data: BoardEvent = { entry, view };
                await stream.send({ id, message: { event: 'change', data } });
              }
              if (found.length === 0) return 'more';
              // What the reader may not see is not sent again to it either.
              if (!wanted(found.at(-1) as Change)) await stream.send({ id: seen ?? 0 });
            }
          };
          return { step, end };
        });
        return reply;
      },
    });
  };
