import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SharedRow } from '../api/board-row.ts';
import { type BoardEvent, type BoardRow, Powers } from '../api/console-board.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import { powersOf } from '../console/board/powers.ts';
import { createBoardWatch } from '../console/board/watch.ts';
import type { ServerDeps } from '../deps.ts';
import type { Streams } from '../streams/stream.ts';

/** What fits on a screen comes first, so that it is seen while the rest is on its way. */
const AT_ONCE = 50;

/** The console's list of rollouts, and what its reader may do. */
export const consoleBoardRoutes =
  (deps: ServerDeps, streams: Streams): FastifyPluginAsyncZod =>
  async (app) => {
    const board = createBoardWatch({ store: deps.consoleBoard, notices: deps.notices, now: deps.now });

    app.get('/board', {
      config: { access: ['read'] },
      schema: {
        tags: ['console'],
        summary:
          'All rollouts as events: `rows` at once, in parts, and then what changes; `problem` while the store is away',
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const seen = (rows: readonly SharedRow[]): BoardRow[] =>
          rows
            .filter((row) => caller.may('read', placeOf(row)))
            .map((row) => ({ ...row, powers: powersOf(caller, placeOf(row)) }));
        // A board of a thousand rollouts is large.
        await streams.open({ request, reply, packed: true }, (stream) => {
          const waiting: BoardEvent[] = [];
          let problem: Error | null = null;
          let watched: Awaited<ReturnType<typeof board.watch>> | null = null;
          const send = (data: BoardEvent) => stream.send({ message: { event: 'rows', data } });
          const begin = async () => {
            watched = await board.watch({
              changed({ rows, gone }) {
                waiting.push({ rows: seen(rows), gone: [...gone], complete: true, now: deps.now() });
                stream.waker.wake();
              },
              failed(error) {
                problem = error instanceof Error ? error : new Error(String(error));
                stream.waker.wake();
              },
            });
            // The reader may have gone meanwhile.
            if (stream.signal.aborted) return watched.stop();
            const all = seen(watched.rows);
            const parts = [all.slice(0, AT_ONCE), ...(all.length > AT_ONCE ? [all.slice(AT_ONCE)] : [])];
            for (const [n, rows] of parts.entries())
              await send({ rows, gone: [], complete: n === parts.length - 1, now: deps.now() });
          };
          return {
            async step() {
              if (watched === null) await begin();
              for (let event = waiting.shift(); event !== undefined; event = waiting.shift())
                if (event.rows.length > 0 || event.gone.length > 0) await send(event);
              const failure = problem;
              problem = null;
              if (failure !== null) throw failure;
              return 'more';
            },
            end: () => watched?.stop(),
          };
        });
      },
    });

    app.get('/rollouts/:id/powers', {
      config: { access: ['read'] },
      schema: {
        tags: ['console'],
        summary: 'What the reader may do with it',
        params: z.strictObject({ id: z.string().min(1) }),
        response: { 200: Powers },
      },
      handler: async (request) => {
        const row = await rolloutFor(deps, request);
        return powersOf(callerOf(request), placeOf(row));
      },
    });
  };
