import { and, asc, eq, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { inbound } from './schema.ts';

/** Something that came from outside and is not done yet. `at` in milliseconds since 1970. */
export interface InboundWork {
  id: string;
  work: unknown;
  at: number;
}

/** Messages from outside, by who sent them and what they call them. Errors: `POSTGRES_UNREACHABLE`. */
export interface Inbound {
  /**
   * True for the first to take it; false when it was taken before. `work` is kept with it until `finish`: where whoever took it
   * dies, it is left to others after `leaseMs`.
   */
  take(source: string, id: string, todo?: { work: object; leaseMs: number }): Promise<boolean>;
  /** Gives it back, for the sender to send it again. */
  release(source: string, id: string): Promise<void>;
  /** The oldest that is not done and that nobody is at any more; it is this one's for `leaseMs`. Null: there is none. */
  left(source: string, leaseMs: number): Promise<InboundWork | null>;
  /** Nothing more is to be done for it. */
  finish(source: string, id: string): Promise<void>;
}

/** Longer than anybody repeats a message. */
const KEPT = sql`now() - interval '30 days'`;

const later = (milliseconds: number) => sql`now() + ${milliseconds} * interval '1 millisecond'`;
const named = (source: string, id: string) => and(eq(inbound.source, source), eq(inbound.id, id));

export function createInbound(database: Database): Inbound {
  return {
    take: (source, id, todo) =>
      database.transaction(async (queries) => {
        await queries.delete(inbound).where(lt(inbound.at, KEPT));
        const rows = await queries
          .insert(inbound)
          .values({
            source,
            id,
            ...(todo === undefined ? {} : { work: todo.work, leasedUntil: later(todo.leaseMs) }),
          })
          .onConflictDoNothing()
          .returning({ id: inbound.id });
        return rows.length === 1;
      }),

    async release(source, id) {
      await database.run((queries) => queries.delete(inbound).where(named(source, id)));
    },

    left: (source, leaseMs) =>
      database.transaction(async (queries) => {
        const [row] = await queries
          .select({ id: inbound.id, work: inbound.work, at: inbound.at })
          .from(inbound)
          .where(
            and(
              eq(inbound.source, source),
              isNotNull(inbound.work),
              or(isNull(inbound.leasedUntil), lt(inbound.leasedUntil, sql`now()`)),
            ),
          )
          .orderBy(asc(inbound.at))
          .limit(1)
          .for('update', { skipLocked: true });
        if (row === undefined) return null;
        await queries
          .update(inbound)
          .set({ leasedUntil: later(leaseMs) })
          .where(named(source, row.id));
        return row;
      }),

    async finish(source, id) {
      await database.run((queries) =>
        queries.update(inbound).set({ work: null, leasedUntil: null }).where(named(source, id)),
      );
    },
  };
}
