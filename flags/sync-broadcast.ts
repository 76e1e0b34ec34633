import { type StatusObject, status } from '@grpc/grpc-js';
import type { FlagAccess } from './access.ts';
import { createPace, type Pace } from './pace.ts';
import type { FlagService } from './service.ts';
import { type DocumentMessage, messageOf } from './sync-contract.ts';

type Refusal = Partial<StatusObject> & Error;

/** One client that follows an environment. */
export interface Client {
  environment: string;
  tokenId: string | null;
  /** Host and port of its connection. */
  peer: string;
  /** `taken` is called once the connection has taken the message; until then there is no other. */
  send(message: DocumentMessage, taken: () => void): void;
  end(why: Refusal): void;
}

export interface Broadcast {
  add(client: Client): { gone(): void };
  size(): number;
  stop(why: Refusal): void;
}

interface Follower extends Client {
  /** Version that was written last. */
  sent: string | null;
  /** Since when a message is on its way (milliseconds of `performance.now`); null: none is. */
  busySince: number | null;
}

/** Changes that follow one another closely go out together. */
const LEAST_MS = 5;
/**
 * What it costs until a client has a message, most of it after the message was handed on, and as much again: what stops a
 * flag does not wait for its turn, and must not find every connection busy.
 */
const MS_PER_CLIENT = 0.15;

/**
 * Sends each document to all who follow its environment. A client gets nothing until it has taken what it has, then the
 * newest; one that takes nothing for `stalledMs` is ended and its connection `cut`.
 */
export function createBroadcast(
  service: FlagService,
  access: FlagAccess,
  { stalledMs, cut }: { stalledMs: number; cut: (peer: string) => void },
): Broadcast {
  const followers = new Set<Follower>();
  const paces = new Map<string, Pace>();

  function send(follower: Follower): void {
    if (follower.busySince !== null || !followers.has(follower)) return;
    const document = service.document(follower.environment);
    if (document.version === follower.sent) return;
    follower.sent = document.version;
    follower.busySince = performance.now();
    follower.send(messageOf(document), () => {
      follower.busySince = null;
      send(follower);
    });
  }

  function paceOf(environment: string): Pace {
    const known = paces.get(environment);
    if (known !== undefined) return known;
    const pace = createPace(
      () => {
        for (const follower of followers) if (follower.environment === environment) send(follower);
      },
      () => Math.max(LEAST_MS, followers.size * MS_PER_CLIENT),
    );
    paces.set(environment, pace);
    return pace;
  }

  function end(follower: Follower, why: Refusal): void {
    followers.delete(follower);
    follower.end(why);
  }

  const unsubscribe = service.subscribe((environment, stops) => paceOf(environment).want(stops));
  const unwatch = access.subscribe(() => {
    for (const follower of followers) {
      if (access.stands(follower.tokenId)) continue;
      end(follower, refusal(status.UNAUTHENTICATED, 'The token of this stream has ended.'));
    }
  });
  const sweep = setInterval(
    () => {
      const now = performance.now();
      for (const follower of followers) {
        if (follower.busySince === null || now - follower.busySince < stalledMs) continue;
        end(follower, refusal(status.RESOURCE_EXHAUSTED, 'This client does not read what it asked for.'));
        // It takes no farewell either: only its connection can be ended.
        cut(follower.peer);
      }
    },
    Math.min(1000, stalledMs),
  );

  return {
    add(client) {
      const follower: Follower = { ...client, sent: null, busySince: null };
      followers.add(follower);
      send(follower);
      return {
        gone: () => void followers.delete(follower),
      };
    },
    size: () => followers.size,
    stop(why) {
      clearInterval(sweep);
      unsubscribe();
      unwatch();
      for (const pace of paces.values()) pace.stop();
      for (const follower of followers) end(follower, why);
    },
  };
}

function refusal(code: status, details: string): Refusal {
  return Object.assign(new Error(details), { code, details });
}
