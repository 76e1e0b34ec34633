import { type StatusObject, status } from '@grpc/grpc-js';
import type { FlagAccess } from './access.ts';
import { createRotation } from './rotation.ts';
import type { Scope } from './selector.ts';
import type { FlagService } from './service.ts';
import { type DocumentMessage, messageOf } from './sync-contract.ts';

type Refusal = Partial<StatusObject> & Error;

/** One client that follows an environment, or one flag set in it. */
export interface Client extends Scope {
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
  /** What stops a flag waits until the connection has taken what is on its way. */
  rushed: boolean;
  /** Since when a message is on its way (milliseconds of `performance.now`); null: none is. */
  busySince: number | null;
}

/**
 * At the steady pace, a client gets a message no more often than this times the number of clients: most of what a message
 * costs comes after it was handed on, here and at the client, and what stops a flag must not find them busy.
 */
const MS_PER_CLIENT = 0.2;

/**
 * Sends each document to all who follow it. A client gets nothing until it has taken what it has, then the
 * newest; one that takes nothing for `stalledMs` is ended and its connection `cut`.
 */
export function createBroadcast(
  service: FlagService,
  access: FlagAccess,
  { stalledMs, cut }: { stalledMs: number; cut: (peer: string) => void },
): Broadcast {
  const followers = new Set<Follower>();
  const rotation = createRotation({ work: send, msPerItem: MS_PER_CLIENT, all: () => followers.size });

  const newest = ({ environment, flagSet }: Scope) => service.document(environment, flagSet);

  function send(follower: Follower): void {
    if (follower.busySince !== null || !followers.has(follower)) return;
    const document = newest(follower);
    if (document.version === follower.sent) return;
    follower.sent = document.version;
    follower.busySince = performance.now();
    follower.rushed = false;
    follower.send(messageOf(document), () => {
      follower.busySince = null;
      if (follower.rushed) send(follower);
      else if (follower.sent !== newest(follower).version) rotation.want([follower]);
    });
  }

  function followersOf(environment: string): Follower[] {
    return [...followers].filter((follower) => follower.environment === environment);
  }

  function forget(follower: Follower): void {
    followers.delete(follower);
    rotation.drop(follower);
  }

  function end(follower: Follower, why: Refusal): void {
    forget(follower);
    follower.end(why);
  }

  const unsubscribe = service.subscribe((environment, stops) => {
    const concerned = followersOf(environment);
    if (stops) {
      for (const follower of concerned) follower.rushed = follower.busySince !== null;
      rotation.rush(concerned);
    } else rotation.want(concerned);
  });
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
      const follower: Follower = { ...client, sent: null, rushed: false, busySince: null };
      followers.add(follower);
      send(follower);
      return {
        gone: () => forget(follower),
      };
    },
    size: () => followers.size,
    stop(why) {
      clearInterval(sweep);
      unsubscribe();
      unwatch();
      rotation.stop();
      for (const follower of followers) end(follower, why);
    },
  };
}

function refusal(code: status, details: string): Refusal {
  return Object.assign(new Error(details), { code, details });
}
