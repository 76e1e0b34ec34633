import { once } from 'node:events';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isFailure } from '../../plans/failures.ts';
import { ENDED } from '../../plans/view.ts';
import type { LiveEvent } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { liveEvent } from '../live.ts';
import { problemOf } from '../problem.ts';

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;

/** What makes two events the same for a reader. The view is rewritten at each step; a sample comes at each poll. */
function fingerprint(event: LiveEvent): string {
  return `${event.live?.at ?? 0}:${event.live?.assessment?.t ?? 0}:${JSON.stringify(event.view)}`;
}

/**
 * Server-sent events of one rollout: `change` with view and latest sample, at once and at every change; `problem`
 * while the store does not answer; comments as heartbeat. The stream ends when the rollout has.
 */
export const eventRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const open = new Set<AbortController>();
    app.addHook('preClose', async () => {
      for (const stream of open) stream.abort();
    });

    app.get('/rollouts/:id/events', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Changes as they come',
        params: z.strictObject({ id: z.string().min(1) }),
      },
      handler: async (request, reply) => {
        const { id } = await rolloutFor(deps, request);
        let event = await liveEvent(deps, id);
        reply.hijack();
        const stop = new AbortController();
        open.add(stop);
        const { raw } = reply;
        raw.on('close', () => stop.abort());
        raw.on('error', () => stop.abort());
        raw.writeHead(200, {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
        const send = async (text: string) => {
          // A reader that does not read gets no further events instead of filling the server's memory.
          if (!raw.write(text)) await once(raw, 'drain', { signal: stop.signal });
        };
        try {
          let sent = '';
          let away = false;
          let lastSent = deps.now();
          for (;;) {
            const now = fingerprint(event);
            if (now !== sent) {
              await send(`id: ${event.view.seq}\nevent: change\ndata: ${JSON.stringify(event)}\n\n`);
              sent = now;
              lastSent = deps.now();
            } else if (deps.now() - lastSent >= HEARTBEAT_MS) {
              await send(': still here\n\n');
              lastSent = deps.now();
            }
            if (ENDED.includes(event.view.phase)) break;
            await pause(POLL_MS, stop.signal);
            if (stop.signal.aborted) break;
            try {
              event = await liveEvent(deps, id);
              away = false;
            } catch (error) {
              if (!isFailure(error)) throw error;
              if (!away) await send(`event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`);
              away = true;
            }
          }
        } catch (error) {
          if (!stop.signal.aborted) request.log.error({ err: error, rollout: id }, 'event stream broke off');
        } finally {
          open.delete(stop);
          raw.end();
        }
      },
    });
  };

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
