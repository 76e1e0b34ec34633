import type { Outbox } from '../store/store.ts';
import { createBell } from './bell.ts';
import type { Channel } from './channel.ts';
import { createDelivery, type Send } from './delivery.ts';
import { type Lane, startLane } from './lane.ts';
import type { Log } from './log.ts';
import { TIMING, type Timing } from './timing.ts';

export interface DispatcherParts {
  outbox: Outbox;
  /** By the name that plans use. */
  channels: ReadonlyMap<string, Channel>;
  log: Log;
  timing?: Partial<Timing>;
  /** In [0, 1); spreads retries. */
  random?: () => number;
}

export interface Dispatcher {
  /** There is something new in the outbox: look now. */
  kick(): void;
  /** Takes nothing more and waits for what is being sent. */
  stop(): Promise<void>;
}

/**
 * Sends the outbox's messages until `stop`. Each channel has a loop of its own, so a dead one delays no other; each
 * message is tried again for ever, at most every five minutes. One that was refused `attempts` times is reported on
 * another channel, once. Messages to a name that no channel has wait with that as their error. Several dispatchers
 * may share an outbox.
 */
export function startDispatcher({ outbox, channels, log, ...options }: DispatcherParts): Dispatcher {
  const timing: Timing = { ...TIMING, ...options.timing };
  const names = [...channels.keys()];
  const failing = new Set<string>();

  /** The first channel by configuration that took its last message, else any other one. */
  function reportTo(channel: string): string | null {
    const others = names.filter((name) => name !== channel && channels.get(name)?.takesReports !== false);
    return others.find((name) => !failing.has(name)) ?? others[0] ?? null;
  }

  let stopped = false;
  const stopping = () => stopped;
  const parts = { outbox, log, timing, random: options.random ?? Math.random, failing, reportTo, stopping };
  const lanes: Lane[] = [];
  const kick = () => {
    for (const lane of lanes) lane.wake();
  };
  for (const [name, channel] of channels) {
    const deadline = channel.timeoutMs === undefined ? timing.deadline : channel.timeoutMs + 1000;
    const send: Send = (notification, attempt) => channel.send(notification, attempt);
    const deliver = createDelivery({ ...parts, send, deadline, attempts: timing.attempts, kick });
    lanes.push(
      startLane({ outbox, log, timing, deadline, filter: { channel: name }, deliver, bell: createBell() }),
    );
  }
  const refuse: Send = async ({ channel }) => {
    throw new Error(`tidegate.yaml has no channel "${channel}"; it has ${names.join(', ') || 'none'}`);
  };
  const { deadline } = timing;
  const deliver = createDelivery({
    ...parts,
    send: refuse,
    deadline,
    attempts: timing.unknownAttempts,
    kick,
  });
  lanes.push(
    startLane({ outbox, log, timing, deadline, filter: { except: names }, deliver, bell: createBell() }),
  );

  return {
    kick,
    async stop() {
      stopped = true;
      await Promise.all(lanes.map((lane) => lane.stop()));
    },
  };
}
