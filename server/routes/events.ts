import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { JournalEntry } from '../../plans/journal.ts';
import { ENDED } from '../../plans/view.ts';
import { StreamQuery } from '../api/streams.ts';
import type { LiveEvent } from '../api.ts';
import { rolloutFor } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { createSnapshots, type Snapshot } from '../streams/snapshots.ts';
import { lastEventId, type Stream, type Streams } from '../streams/stream.ts';

/** Journal lines in one event at most. */
const AT_ONCE = 100;

/**
 * Server-sent events of one rollout: `change` with view, latest sample and the journal lines since the event before, at once and
 * at every change; `problem` while the store does not answer; comments as heartbeat. Ids are those of the journal, so
 * whoever comes back gets every line once. The stream ends when the rollout has.
 */
export const eventRoutes =
  (deps: ServerDeps, streams: Streams): FastifyPluginAsyncZod =>
  async (app) => {
    const snapshots = createSnapshots(deps);

    app.get('/rollouts/:id/events', {
      config: { access: ['read'] },
      schema: {
        tags: ['rollouts'],
        summary: 'Changes of one rollout as they come',
        params: z.strictObject({ id: z.string().min(1) }),
        querystring: StreamQuery,
      },
      handler: async (request, reply) => {
        const row = await rolloutFor(deps, request);
        const { id } = row;
        const last = lastEventId(request, request.query.lastEventId);
        if (last !== null && ENDED.includes(row.phase)) {
          const [next] = await deps.changes.ofRollout(id, last, 1);
          // An EventSource comes back for ever unless it is told that there is nothing more.
          if (next === undefined) return reply.code(204).send();
        }
        await streams.open({ request, reply }, (stream) => {
          const end = deps.notices.on((notice) => {
            if (notice.kind === 'all' || notice.rolloutId === id) stream.waker.wake();
          });
          return { end, step: follow(stream, last) };
        });
        return reply;

        function follow(stream: Stream, from: number | null): () => Promise<'more' | 'over'> {
          let seen = from;
          let sent = '';
          return async () => {
            for (;;) {
              const snapshot = await snapshots.of(id);
              const { event, recent } = snapshot;
              seen ??= recent.at(-1)?.seq ?? 0;
              const entries = await linesAfter(seen, snapshot);
              const now = fingerprint(event);
              if (now === sent && entries.length === 0) return 'more';
              seen = entries.at(-1)?.seq ?? seen;
              await stream.send({ id: seen, message: { event: 'change', data: { ...event, entries } } });
              sent = now;
              const complete = entries.length < AT_ONCE;
              if (complete && ENDED.includes(event.view.phase)) return 'over';
              if (complete) return 'more';
            }
          };
        }

        /** Without a gap: what is missing is there a moment later. */
        async function linesAfter(seen: number, { recent, event }: Snapshot): Promise<JournalEntry[]> {
          const upTo = event.view.seq;
          const first = recent[0]?.seq ?? 0;
          const lines =
            seen >= first - 1
              ? recent.filter(({ seq }) => seq > seen).slice(0, AT_ONCE)
              : (await deps.changes.ofRollout(id, seen, AT_ONCE)).filter(({ seq }) => seq <= upTo);
          const gap = lines.findIndex(({ seq }, i) => seq !== seen + 1 + i);
          return gap < 0 ? lines : lines.slice(0, gap);
        }
      },
    });
  };

/** What makes two events the same for a reader. The view is rewritten at each step; a sample comes at each poll. */
function fingerprint(event: Pick<LiveEvent, 'view' | 'live'>): string {
  return `${event.live?.at ?? 0}:${event.live?.assessment?.t ?? 0}:${JSON.stringify(event.view)}`;
}
