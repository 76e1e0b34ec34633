import pg from 'pg';
import type { Failure } from '../plans/failures.ts';
import { connectionSettings } from './connection.ts';
import { asFailure } from './connection-errors.ts';

/** `connected`: whatever was announced before is lost, so the caller reads its data again. */
export type ListenState = { kind: 'connected' } | { kind: 'disconnected'; failure: Failure };

export interface Listener {
  stop(): Promise<void>;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;
const PULSE_MS = 5000;
const PULSE_TIMEOUT_MS = 2000;

/**
 * Listens to a `NOTIFY` channel on a connection of its own and connects again for ever, until `stop`.
 * `onState` tells each change once: `connected` when messages arrive from now on, `disconnected` when they do not.
 * A connection that is silently dead is noticed within seconds.
 */
export function listen(
  url: string,
  channel: string,
  onMessage: (payload: string) => void,
  onState: (state: ListenState) => void,
): Listener {
  const { where, settings } = connectionSettings(url);
  const stopping = new AbortController();
  let told: ListenState['kind'] | null = null;

  function tell(state: ListenState): void {
    if (told === state.kind || stopping.signal.aborted) return;
    told = state.kind;
    onState(state);
  }

  /** Returns when the connection has ended; the error says why. */
  async function session(onListening: () => void): Promise<unknown> {
    const client = new pg.Client({ ...settings, query_timeout: PULSE_TIMEOUT_MS });
    let end: (reason: unknown) => void = () => undefined;
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    client.on('error', end);
    client.on('end', () => end(new Error('Connection terminated')));
    stopping.signal.addEventListener('abort', end, { once: true });
    client.on('notification', (message) => onMessage(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      onListening();
      return await Promise.race([ended, pulse(client)]);
    } catch (error) {
      return error;
    } finally {
      // A database that is away for a day is tried thousands of times.
      stopping.signal.removeEventListener('abort', end);
      // A dead server does not answer the farewell either.
      void client.end().catch(() => undefined);
    }
  }

  async function pulse(client: pg.Client): Promise<never> {
    for (;;) {
      await pause(PULSE_MS, stopping.signal);
      await client.query('select 1');
    }
  }

  async function listenForEver(): Promise<void> {
    let retry = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      const reason = await session(() => {
        retry = FIRST_RETRY_MS;
        tell({ kind: 'connected' });
      });
      if (stopping.signal.aborted) return;
      tell({ kind: 'disconnected', failure: asFailure(reason, where) });
      await pause(retry, stopping.signal);
      retry = Math.min(retry * 2, LAST_RETRY_MS);
    }
  }

  const finished = listenForEver();
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

/** Ends early, without an error, when the signal comes. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });

    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
