import type { FastifyBaseLogger } from 'fastify';
import { within } from '../../flags/deadline.ts';
import type { AccessStore, Session, SessionSubject } from '../../store/access-contract.ts';
import { randomValue, sha256 } from './secret.ts';

/** A logout elsewhere is noticed after this long. */
const FRESH_MS = 30_000;
const PATIENCE_MS = 300;
/** Sessions held in memory; beyond it the one unused longest is read again when it is needed. */
const HELD = 10_000;

export interface Sessions {
  open(subject: SessionSubject): Promise<{ cookie: string; session: Session }>;
  /** Null: unknown, or over. A session known here goes on while PostgreSQL is away. */
  find(cookie: string): Promise<Session | null>;
  end(cookie: string): Promise<void>;
}

export interface SessionsOptions {
  store: AccessStore;
  /** How long a login counts, ms. */
  lifeMs: number;
  now: () => number;
  logger: FastifyBaseLogger;
}

export function createSessions({ store, lifeMs, now, logger }: SessionsOptions): Sessions {
  const held = new Map<string, { session: Session; readAt: number }>();

  function hold(session: Session): void {
    held.delete(session.id);
    held.set(session.id, { session, readAt: now() });
    const [oldest] = held.keys();
    if (held.size > HELD && oldest !== undefined) held.delete(oldest);
  }

  /** Undefined: PostgreSQL does not say in time. */
  async function stored(id: string): Promise<Session | null | undefined> {
    try {
      return await within(PATIENCE_MS, store.session(id));
    } catch (error) {
      logger.warn({ err: error }, 'a session cannot be read; those known here go on to count');
      return undefined;
    }
  }

  return {
    async open(subject) {
      const cookie = randomValue();
      const session = { id: sha256(cookie), subject, csrf: randomValue(), expiresAt: now() + lifeMs };
      await store.saveSession(session);
      hold(session);
      return { cookie, session };
    },
    async find(cookie) {
      const id = sha256(cookie);
      const known = held.get(id);
      let session: Session | null = known?.session ?? null;
      if (known === undefined || now() - known.readAt >= FRESH_MS) {
        const read = await stored(id);
        if (read !== undefined) {
          session = read;
          if (read === null) held.delete(id);
          else hold(read);
        }
      }
      return session !== null && session.expiresAt > now() ? session : null;
    },
    async end(cookie) {
      const id = sha256(cookie);
      held.delete(id);
      await store.endSession(id);
    },
  };
}
