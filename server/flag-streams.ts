import type { ServerResponse } from 'node:http';
import type { FlagAccess } from '../flags/access.ts';
import { createPace, type Pace } from '../flags/pace.ts';
import type { Scope } from '../flags/selector.ts';
import type { FlagService } from '../flags/service.ts';

export interface FlagStream extends Scope {
  tokenId: string | null;
  raw: ServerResponse;
  /** What the client heard last, where it comes back. */
  lastEventId: string | null;
}

export interface FlagStreams {
  add(stream: FlagStream): void;
  stop(): void;
}

interface Follower extends FlagStream {
  fullSince: number | null;
}

const HEARTBEAT_MS = 15_000;
const STALLED_MS = 30_000;
const PACE_MS = 5;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** After a break a browser waits this long before it comes back. */
const HELLO = 'retry: 1000\n\n';

/**
 * Open event streams: each hears `refetchEvaluation` when the flags of its environment may evaluate differently, be it by
 * a write or by the clock. A client that comes, or comes back, hears at once what it may have missed.
 */
export function createFlagStreams({
  service,
  access,
  now,
}: {
  service: FlagService;
  access: FlagAccess;
  now: () => number;
}): FlagStreams {
  const followers = new Set<Follower>();
  const paces = new Map<string, Pace>();
  const turning = new Map<string, NodeJS.Timeout>();

  function eventOf({ environment, flagSet }: Scope): { id: string; text: string } {
    const { version, changedAt, turns } = service.document(environment, flagSet);
    const passed = (turns() ?? []).filter((turn) => turn * 1000 <= now()).length;
    const id = passed === 0 ? version : `${version}.${passed}`;
    const lastModified = Math.floor(changedAt / 1000);
    const data = JSON.stringify({ type: 'refetchEvaluation', etag: version, lastModified });
    return { id, text: `id: ${id}\ndata: ${data}\n\n` };
  }

  function send(follower: Follower, { id, text }: { id: string; text: string }): void {
    // One that does not read hears the newest when it does.
    if (follower.fullSince !== null || follower.lastEventId === id) return;
    follower.lastEventId = id;
    if (!follower.raw.write(text)) follower.fullSince = performance.now();
  }

  function paceOf(environment: string): Pace {
    const known = paces.get(environment);
    if (known !== undefined) return known;
    const pace = createPace(
      () => {
        const events = new Map<string | null, ReturnType<typeof eventOf>>();
        for (const follower of followers) {
          if (follower.environment !== environment) continue;
          const event = events.get(follower.flagSet) ?? eventOf(follower);
          events.set(follower.flagSet, event);
          send(follower, event);
        }
        watchClock(environment);
      },
      () => PACE_MS,
    );
    paces.set(environment, pace);
    return pace;
  }

  /** Wakes at the next moment at which flags change without a write. */
  function watchClock(environment: string): void {
    clearTimeout(turning.get(environment));
    const next = (service.document(environment).turns() ?? []).find((turn) => turn * 1000 > now());
    if (next === undefined) return;
    const wait = Math.min(next * 1000 - now() + 1, LONGEST_TIMER_MS);
    turning.set(environment, setTimeout(() => paceOf(environment).want(), wait).unref());
  }

  const unsubscribe = service.subscribe((environment, stops) => {
    if (paces.has(environment)) paceOf(environment).want(stops);
  });
  const unwatch = access.subscribe(() => {
    for (const follower of followers) if (!access.stands(follower.tokenId)) follower.raw.end();
  });
  const heartbeat = setInterval(() => {
    for (const follower of followers) {
      if (follower.fullSince === null) {
        if (!follower.raw.write(': still here\n\n')) follower.fullSince = performance.now();
      } else if (performance.now() - follower.fullSince > STALLED_MS) follower.raw.destroy();
    }
  }, HEARTBEAT_MS);

  return {
    add(stream) {
      const follower: Follower = { ...stream, fullSince: null };
      const { raw, environment } = follower;
      followers.add(follower);
      const gone = () => void followers.delete(follower);
      raw.on('close', gone).on('error', gone);
      raw.on('drain', () => {
        follower.fullSince = null;
        send(follower, eventOf(follower));
      });
      raw.write(HELLO);
      if (!paces.has(environment)) {
        paceOf(environment);
        watchClock(environment);
      }
      send(follower, eventOf(follower));
    },
    stop() {
      clearInterval(heartbeat);
      unsubscribe();
      unwatch();
      for (const pace of paces.values()) pace.stop();
      for (const timer of turning.values()) clearTimeout(timer);
      for (const { raw } of followers) raw.end();
    },
  };
}
