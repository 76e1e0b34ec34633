import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type BoardEvent, type BoardRow, Powers } from '../api/console-board.ts';
import { callerOf } from '../auth/guard.ts';
import { placeOf, rolloutFor } from '../auth/places.ts';
import { openEventStream } from '../console/board/event-stream.ts';
import { powersOf } from '../console/board/powers.ts';
import type { SharedRow } from '../console/board/row.ts';
import { createBoardWatch } from '../console/board/watch.ts';
import type { ServerDeps } from '../deps.ts';
import { asProblem } from '../problem.ts';

const HEARTBEAT_MS = 15_000;
/** What fits on a screen comes first, so that it is seen while the rest is on its way. */
const AT_ONCE = 50;

/** The console's list of rollouts, and what its reader may do. */
export const consoleBoardRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const board = createBoardWatch({ store: deps.consoleBoard, now: deps.now });
    const open = new Set<() => void>();
    app.addHook('preClose', async () => {
      for (const end of open) end();
    });

    app.get('/board', {
      config: { access: ['read'] },
      schema: {
        tags: ['console'],
        summary:
          'All rollouts as events: `rows` at once, in parts, and then what changes; `problem` while the store is away',
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const waiting: BoardEvent[] = [];
        let wake = () => undefined as void;
        const seen = (rows: readonly SharedRow[]): BoardRow[] =>
          rows
            .filter((row) => caller.may('read', placeOf(row)))
            .map((row) => ({ ...row, powers: powersOf(caller, placeOf(row)) }));
        let problem: unknown = null;
        const { rows, stop } = await board.watch({
          changed({ rows: changed, gone }) {
            waiting.push({ rows: seen(changed), gone: [...gone], complete: true, now: deps.now() });
            wake();
          },
          failed(error) {
            problem = error;
            wake();
          },
        });
        const stream = openEventStream(request, reply);
        const end = () => stream.end();
        open.add(end);
        const send = (name: string, data: unknown) =>
          stream.send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
        stream.signal.addEventListener('abort', () => wake(), { once: true });
        try {
          const all = seen(rows);
          for (let from = 0; from === 0 || from < all.length; from += from === 0 ? AT_ONCE : all.length) {
            const to = from === 0 ? AT_ONCE : all.length;
            const part: BoardEvent = {
              rows: all.slice(from, to),
              gone: [],
              complete: to >= all.length,
              now: deps.now(),
            };
            await send('rows', part);
          }
          while (!stream.signal.aborted) {
            const event = waiting.shift();
            if (event !== undefined) {
              if (event.rows.length > 0 || event.gone.length > 0) await send('rows', event);
              continue;
            }
            if (problem !== null) {
              await send('problem', asProblem(problem));
              problem = null;
              continue;
            }
            const woken = await new Promise<boolean>((resolve) => {
              const quiet = setTimeout(() => resolve(false), HEARTBEAT_MS);
              wake = () => {
                clearTimeout(quiet);
                resolve(true);
              };
            });
            if (!woken) await stream.send(': still here\n\n');
          }
        } catch (error) {
          if (!stream.signal.aborted) request.log.error({ err: error }, 'a board broke off');
        } finally {
          stop();
          open.delete(end);
          stream.end();
        }
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
