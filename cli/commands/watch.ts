import { setTimeout as sleep } from 'node:timers/promises';
import { isFailure } from '../../plans/failures.ts';
import { LiveEvent, Problem } from '../../server/api.ts';
import { ApiClient, failureOf } from '../api-client.ts';
import type { Context } from '../context.ts';
import { serverEvents } from '../event-stream.ts';
import { rolloutId } from '../reference.ts';
import { isOver } from '../render/facts.ts';
import { printable } from '../render/ink.ts';
import { LiveScreen } from '../render/live-screen.ts';

const RETRY_MS = 1000;
/** A server that is restarted comes back within this time; a watch that was cut off waits so long for it. */
const GIVE_UP_MS = 120_000;
const INTERRUPTED = 130;

/** Shows a rollout until it ends. Gives the exit status: 0 completed, 1 rolled back or rejected, 130 Ctrl-C. */
export async function watch(context: Context, reference: string): Promise<number> {
  const api = new ApiClient(context);
  const id = await rolloutId(api, reference);
  const screen = new LiveScreen(process.stdout, context.ink);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  let latest: LiveEvent | null = null;
  const draw = () => {
    if (!context.json && latest !== null) screen.show([latest], Date.now());
  };
  // On a terminal the durations run on between two changes.
  const ticking = process.stdout.isTTY ? setInterval(draw, 1000) : undefined;
  let lostAt: number | null = null;
  try {
    for (;;) {
      try {
        for await (const event of events(api, id, stop.signal)) {
          lostAt = null;
          latest = printable(event);
          context.tell(event);
          draw();
          if (isOver(event.view)) return event.view.phase === 'completed' ? 0 : 1;
        }
      } catch (error) {
        if (stop.signal.aborted) return INTERRUPTED;
        const away = !isFailure(error) || error.code.endsWith('_UNREACHABLE');
        if (!away) throw error;
        if (lostAt === null && !context.json) screen.note('tidegate: lost the server, trying again');
        lostAt ??= Date.now();
        if (Date.now() - lostAt > GIVE_UP_MS) throw error;
      }
      if (stop.signal.aborted) return INTERRUPTED;
      await sleep(RETRY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(ticking);
    screen.close();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

async function* events(api: ApiClient, id: string, signal: AbortSignal): AsyncGenerator<LiveEvent> {
  const body = await api.stream(`/rollouts/${encodeURIComponent(id)}/events`, signal);
  for await (const { event, data } of serverEvents(body)) {
    const value: unknown = JSON.parse(data);
    if (event === 'change') yield LiveEvent.parse(value);
    // The server holds the line while its store is away; `note` says so once.
    if (event === 'problem') process.stderr.write(`tidegate: ${failureOf(Problem.parse(value)).message}\n`);
  }
}
