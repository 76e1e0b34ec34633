import type { Outbox, OutboxFilter, OutboxRow } from '../store/store.ts';
import type { Bell } from './bell.ts';
import type { Log } from './log.ts';
import type { Timing } from './timing.ts';

export interface Lane {
  wake(): void;
  stop(): Promise<void>;
}

interface LaneParts {
  outbox: Outbox;
  log: Log;
  timing: Timing;
  /** Longest time of one send, in milliseconds; a message is hidden from other senders for longer than that. */
  deadline: number;
  filter: OutboxFilter;
  /** Sends and settles one message until `leaseEnds`, milliseconds since 1970; never fails. */
  deliver: (row: OutboxRow, leaseEnds: number) => Promise<void>;
  bell: Bell;
}

/** Messages of different rollouts in flight on one channel; of one rollout there is only ever one. */
const PARALLEL = 8;
const LEASE_MARGIN_MS = 10_000;
const LONGEST_PAUSE_MS = 5000;

/** The loop of one channel: take what is due, send it, look again when something is done, rung for, or due. */
export function startLane({ outbox, log, timing, deadline, filter, deliver, bell }: LaneParts): Lane {
  const inFlight = new Set<Promise<void>>();
  const lease = deadline + LEASE_MARGIN_MS;
  const stopping = new AbortController();
  const { signal } = stopping;
  /** Looks at the outbox that failed in a row. */
  let failures = 0;

  async function takeDue(): Promise<void> {
    const free = PARALLEL - inFlight.size;
    if (free <= 0) return;
    const leaseEnds = Date.now() + lease;
    const rows = await outbox.take(free, lease, filter);
    for (const row of rows) {
      const sending = deliver(row, leaseEnds).finally(() => {
        inFlight.delete(sending);
        // The next message of the same rollout may go now.
        bell.ring();
      });
      inFlight.add(sending);
    }
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        await takeDue();
        if (failures > 0) log.info({ filter }, 'the outbox can be read again');
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) log.warn({ filter, err: error }, 'the outbox cannot be read; messages wait');
      }
      if (signal.aborted) break;
      await bell.sleep(
        Math.min(timing.poll * 2 ** Math.min(failures, 10), Math.max(timing.poll, LONGEST_PAUSE_MS)),
      );
    }
    await Promise.all(inFlight);
  }

  const finished = loop();
  return {
    wake: () => bell.ring(),
    async stop() {
      stopping.abort();
      bell.ring();
      await finished;
    },
  };
}
