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
  /** False: its buffer is full; `drained` says when it is not. */
  send(message: DocumentMessage): boolean;
  end(why: Refusal): void;
}

export interface Broadcast {
  add(client: Client): { drained(): void; gone(): void };
  size(): number;
  stop(why: Refusal): void;
}

interface Follower extends Client {
  /** Version that was written last. */
  sent: string | null;
  /** Since when nothing is taken (milliseconds of `performance.now`); null: it takes. */
  fullSince: number | null;
}

/** Changes that follow one another closely go out together. */
const PACE_MS = 5;

/**
 * Sends each document to all who follow its environment. A client whose buffer is full gets nothing until it has taken
 * what it has, then the newest; after `stalledMs` it is ended and its connection `cut`.
 */
export function createBroadcast(
  service: FlagService,
  access: FlagAccess,
  { stalledMs, cut }: { stalledMs: number; cut: (peer: string) => void },
): Broadcast {
  const followers = new Set<Follower>();
  const paces = new Map<string, Pace>();

  function send(follower: Follower): void {
    if (follower.fullSince !== null) return;
    const document = service.document(follower.environment);
    if (document.version === follower.sent) return;
    follower.sent = document.version;
    if (!follower.send(messageOf(document))) follower.fullSince = performance.now();
  }

  function paceOf(environment: string): Pace {
    const known = paces.get(environment);
    if (known !== undefined) return known;
    const pace = createPace(() => {
      for (const follower of followers) if (follower.environment === environment) send(follower);
    }, PACE_MS);
    paces.set(environment, pace);
    return pace;
  }

  function end(follower: Follower, why: Refusal): void {
    followers.delete(follower);
    follower.end(why);
  }

  const unsubscribe = service.subscribe((environment) => paceOf(environment).want());
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
        if (follower.fullSince === null || now - follower.fullSince < stalledMs) continue;
        end(follower, refusal(status.RESOURCE_EXHAUSTED, 'This client does not read what it asked for.'));
        // It takes no farewell either: only its connection can be ended.
        cut(follower.peer);
      }
    },
    Math.min(1000, stalledMs),
  );

  return {
    add(client) {
      const follower: Follower = { ...client, sent: null, fullSince: null };
      followers.add(follower);
      send(follower);
      return {
        drained() {
          follower.fullSince = null;
          if (followers.has(follower)) send(follower);
        },
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
