import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import type { Line } from './line.ts';
import type { ActivityParts } from './parts.ts';

/**
 * How long a gate goes on once Temporal answers again, in milliseconds: by then it has missed the ten seconds of silence that
 * a worker is given, and another attempt goes on from the last heartbeat that it knows.
 */
const HANDOVER = 15_000;

export interface Outlasting {
  /** True once the worker's own client has given the activity up: nothing that it returns or beats is sent any more. */
  readonly isAlone: boolean;
  /** Waits, `ms` or not at all. Rejects where the gate is to end. */
  wait(ms: number): Promise<void>;
}

/**
 * A gate for as long as nobody else watches. The worker's client cancels an activity by itself when its heartbeats have not got
 * through for their timeout and five seconds more (`timedOut`): while Temporal is away, that is every gate, and nobody would be left who sees a hard
 * stop. So a gate that was given up for that goes on until Temporal answers again and another attempt has begun, or until its worker ends. Two at
 * once for some seconds do no harm: they save the same samples, and only lower.
 */
export function outlasting(
  context: Context,
  {
    parts,
    rolloutId,
    line,
  }: { parts: Pick<ActivityParts, 'log' | 'stopped'>; rolloutId: string; line: Line },
): Outlasting {
  let givenUp: unknown = null;
  let answersSince: number | null = null;
  const ending = new AbortController();

  async function bound(ms: number): Promise<boolean> {
    try {
      if (context.cancellationSignal.aborted) await context.cancelled;
      if (ms > 0) await context.sleep(ms);
      return true;
    } catch (error) {
      if (context.cancellationDetails?.timedOut !== true) throw error;
      givenUp = error;
      void parts.stopped.then(() => ending.abort());
      parts.log.warn({ rollout: rolloutId }, 'Temporal does not hear of this gate: it watches on by itself');
      return false;
    }
  }

  return {
    get isAlone() {
      return givenUp !== null;
    },
    async wait(ms) {
      const end = Date.now() + ms;
      if (givenUp === null && (await bound(ms))) return;
      try {
        await sleep(Math.max(0, end - Date.now()), undefined, { signal: ending.signal });
      } catch {
        throw givenUp;
      }
      if (!(await line.isUp())) {
        answersSince = null;
        return;
      }
      answersSince ??= Date.now();
      if (Date.now() - answersSince < HANDOVER) return;
      parts.log.info({ rollout: rolloutId }, 'Temporal answers again: the gate is left to its next attempt');
      throw givenUp;
    },
  };
}
