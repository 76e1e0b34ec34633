import type { Notification } from '../plans/journal.ts';
import type { Outbox, OutboxRow } from '../store/store.ts';
import { type Attempt, Throttled } from './channel.ts';
import { plainText } from './escaping.ts';
import type { Log } from './log.ts';
import { retryDelay, type Timing } from './timing.ts';

export type Send = (notification: Notification, attempt: Attempt) => Promise<void>;

interface DeliveryParts {
  outbox: Outbox;
  send: Send;
  log: Log;
  timing: Timing;
  random: () => number;
  /** Milliseconds after which a send counts as failed. */
  deadline: number;
  /** Attempts after which a message is reported elsewhere. */
  attempts: number;
  /** Names of the channels whose last send failed; kept here. */
  failing: Set<string>;
  reportTo(channel: string): string | null;
  /** True once nobody waits for PostgreSQL to come back. */
  stopping(): boolean;
  /** Makes the other channel look for the report. */
  kick(): void;
}

const SETTLE_AGAIN_MS = 1000;
/** A receiver that asks for more is not believed: a message about a stop would come a day late. */
const LONGEST_ASKED_MS = 15 * 60_000;

/** One attempt at one message, and its outcome into the outbox. Never fails: what is not settled is taken again. */
export function createDelivery(parts: DeliveryParts): (row: OutboxRow, leaseEnds: number) => Promise<void> {
  const { outbox, send, log, timing, random, deadline, failing } = parts;

  return async (row, leaseEnds) => {
    const { channel, rolloutId, seq, event } = row.notification;
    const about = { channel, rolloutId, seq, event };
    try {
      await within(deadline, send(row.notification, { repeated: row.repeated }));
    } catch (error) {
      failing.add(channel);
      const reason = plainText(error instanceof Error ? error.message : String(error));
      const asked = error instanceof Throttled ? Math.min(error.retryAfterMs, LONGEST_ASKED_MS) : 0;
      const retryInMs = Math.max(asked, retryDelay(row.attempts, timing, random()));
      log.warn(
        { ...about, attempt: row.attempts + 1, retryInMs, reason, err: error },
        'a message was not taken',
      );
      await settle(() => failed(row, reason, retryInMs), leaseEnds, about);
      return;
    }
    failing.delete(channel);
    // Unsettled it would be sent again, so this is worth some patience while PostgreSQL restarts.
    await settle(() => outbox.sent(row.id), leaseEnds, about);
    log.info(about, 'message sent');
  };

  async function failed(row: OutboxRow, reason: string, retryInMs: number): Promise<void> {
    if (row.attempts + 1 >= parts.attempts) await report(row, reason);
    await outbox.failed(row.id, reason, retryInMs);
  }

  async function report(row: OutboxRow, reason: string): Promise<void> {
    const { channel, rolloutId, seq, undelivered } = row.notification;
    // A report that fails as well is not reported in a circle.
    const to = undelivered === undefined ? parts.reportTo(channel) : null;
    if (!(await outbox.stuck(row.id, to))) return;
    log.error(
      { channel, rolloutId, seq, reason, reportedTo: to },
      'a message does not get through; it is still tried',
    );
    parts.kick();
  }

  async function settle(write: () => Promise<void>, until: number, about: object): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (parts.stopping() || Date.now() + SETTLE_AGAIN_MS >= until) {
          log.warn(
            { ...about, err: error },
            'the outcome of a message could not be stored; it may be sent again',
          );
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, SETTLE_AGAIN_MS));
      }
    }
  }
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not sent within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
