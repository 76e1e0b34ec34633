import { and, eq, sql } from 'drizzle-orm';
import type { Database, Queries } from './connection.ts';
import { idempotency } from './schema.ts';

/** A request that may come twice: whose, under which key, and the SHA-256 of what is asked. */
export interface KeyedRequest {
  principal: string;
  key: string;
  hash: string;
  /** Names this attempt; what a later one has taken over is not answered by an earlier one. */
  holder: string;
}

export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export type KeyState =
  /** Nobody works on it: do it, and then `answer` or `release`. */
  | { kind: 'yours' }
  | { kind: 'busy' }
  /** The key was used for something else. */
  | { kind: 'mismatch' }
  | { kind: 'answered'; answer: KeptAnswer };

/** First answers of requests, for a day. Errors: `POSTGRES_UNREACHABLE`. */
export interface IdempotencyStore {
  /** Takes the request for `leaseMs`; after that a server that died leaves it to the next. */
  begin(request: KeyedRequest, leaseMs: number): Promise<KeyState>;
  /** Goes on holding it. */
  renew(request: KeyedRequest, leaseMs: number): Promise<void>;
  answer(request: KeyedRequest, answer: KeptAnswer): Promise<void>;
  /** Gives it back: the next attempt is the first. */
  release(request: KeyedRequest): Promise<void>;
}

const KEPT = sql`interval '24 hours'`;
/** Old answers that one request clears away. */
const CLEARED = 100;

export function createIdempotency(database: Database): IdempotencyStore {
  return {
    begin: (request, leaseMs) => database.transaction((queries) => begin(queries, request, leaseMs)),
    async renew(request, leaseMs) {
      await database.run((queries) =>
        queries
          .update(idempotency)
          .set({ leasedUntil: later(leaseMs) })
          .where(held(request)),
      );
    },
    async answer(request, answer) {
      await database.run((queries) => queries.update(idempotency).set(answer).where(held(request)));
    },
    async release(request) {
      await database.run((queries) => queries.delete(idempotency).where(held(request)));
    },
  };
}

async function begin(queries: Queries, request: KeyedRequest, leaseMs: number): Promise<KeyState> {
  await queries.execute(sql`
    delete from ${idempotency} where ctid = any(array(
      select ctid from ${idempotency} where at < now() - ${KEPT} limit ${CLEARED} for update skip locked))`);
  const fresh = {
    ...request,
    leasedUntil: later(leaseMs),
    at: sql`now()`,
    status: null,
    headers: null,
    body: null,
  };
  const taken = await queries
    .insert(idempotency)
    .values(fresh)
    .onConflictDoUpdate({
      target: [idempotency.principal, idempotency.key],
      set: fresh,
      setWhere: sql`${idempotency.at} < now() - ${KEPT} or (${idempotency.status} is null and ${idempotency.leasedUntil} < now() and ${idempotency.hash} = excluded.hash)`,
    })
    .returning({ key: idempotency.key });
  if (taken.length > 0) return { kind: 'yours' };
  const [row] = await queries
    .select()
    .from(idempotency)
    .where(and(eq(idempotency.principal, request.principal), eq(idempotency.key, request.key)));
  if (row === undefined) return { kind: 'busy' };
  if (row.hash !== request.hash) return { kind: 'mismatch' };
  const { status, headers, body } = row;
  if (status === null) return { kind: 'busy' };
  return { kind: 'answered', answer: { status, headers: headers ?? {}, body: body ?? '' } };
}

function held({ principal, key, holder }: KeyedRequest) {
  return and(
    eq(idempotency.principal, principal),
    eq(idempotency.key, key),
    eq(idempotency.holder, holder),
    sql`${idempotency.status} is null`,
  );
}

function later(milliseconds: number) {
  return sql`now() + ${milliseconds} * interval '1 millisecond'`;
}
