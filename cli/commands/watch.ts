import { LiveEvent, Problem } from '../../server/api.ts';
import { ApiClient, failureOf } from '../api-client.ts';
import type { Context } from '../context.ts';
import { follow, untilInterrupted } from '../live-stream.ts';
import { rolloutId } from '../reference.ts';
import { isOver } from '../render/facts.ts';
import { printable } from '../render/ink.ts';
import { LiveScreen } from '../render/live-screen.ts';

/** A server that is restarted comes back within this time; a watch that was cut off waits so long for it. */
const GIVE_UP_MS = 120_000;
const INTERRUPTED = 130;

/** Shows a rollout until it ends. Gives the exit status: 0 completed, 1 rolled back or rejected, 130 Ctrl-C. */
export async function watch(context: Context, reference: string): Promise<number> {
  const api = new ApiClient(context, { waits: null });
  const id = await rolloutId(api, reference);
  const screen = new LiveScreen(process.stdout, context.ink);
  let latest: LiveEvent | null = null;
  let status = INTERRUPTED;
  const draw = () => {
    if (!context.json && latest !== null) screen.show([latest], Date.now());
  };
  // On a terminal the durations run on between two changes.
  const ticking = process.stdout.isTTY ? setInterval(draw, 1000) : undefined;
  try {
    await untilInterrupted((signal) =>
      follow({
        open: () => api.stream(`/rollouts/${encodeURIComponent(id)}/events`, signal),
        take({ event, data }) {
          const value: unknown = JSON.parse(data);
          // The server holds the line while its store is away; `note` says so once.
          if (event === 'problem')
            process.stderr.write(`tidegate: ${failureOf(Problem.parse(value)).message}\n`);
          if (event !== 'change') return false;
          const change = LiveEvent.parse(value);
          latest = printable(change);
          context.tell(change);
          draw();
          if (!isOver(change.view)) return false;
          status = change.view.phase === 'completed' ? 0 : 1;
          return true;
        },
        lost() {
          if (!context.json) screen.note('tidegate: lost the server, trying again');
        },
        giveUpMs: GIVE_UP_MS,
        signal,
      }),
    );
    return status;
  } finally {
    clearInterval(ticking);
    screen.close();
  }
}
