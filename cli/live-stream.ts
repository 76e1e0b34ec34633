import { setTimeout as sleep } from 'node:timers/promises';
import { isFailure } from '../plans/failures.ts';
import { type ServerEvent, serverEvents } from './event-stream.ts';

const RETRY_MS = 1000;

export interface Followed {
  /** Opens the stream, also after it was cut off. */
  open(): Promise<AsyncIterable<Uint8Array>>;
  /** True: what is followed is over. */
  take(event: ServerEvent): boolean;
  /** The server cannot be reached; said once until it can. */
  lost(): void;
  /** It was gone for so long that waiting for it has no sense. */
  giveUpMs: number;
  signal: AbortSignal;
}

/**
 * Follows a stream of the server, which may go away and come back. Returns when it is over or the signal has come; rejects with
 * what the server refuses, or when it stays away.
 */
export async function follow({ open, take, lost, giveUpMs, signal }: Followed): Promise<void> {
  let lostAt: number | null = null;
  while (!signal.aborted) {
    try {
      for await (const event of serverEvents(await open())) {
        lostAt = null;
        if (take(event)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      const away = !isFailure(error) || error.code.endsWith('_UNREACHABLE');
      if (!away) throw error;
      if (lostAt === null) lost();
      lostAt ??= Date.now();
      if (Date.now() - lostAt > giveUpMs) throw error;
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Runs until Ctrl-C, or until it is done; true: it was interrupted. */
export async function untilInterrupted(run: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await run(stop.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
  return stop.signal.aborted;
}
