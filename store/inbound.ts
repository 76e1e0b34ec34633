import { and, eq, lt, sql } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { inbound } from './schema.ts';

/** Messages from outside, by who sent them and what they call them. Errors: `POSTGRES_UNREACHABLE`. */
export interface Inbound {
  /** True for the first to take it; false when it was taken before. */
  take(source: string, id: string): Promise<boolean>;
  /** Gives it back, for the sender to send it again. */
  release(source: string, id: string): Promise<void>;
}

/** Longer than anybody repeats a message. */
const KEPT = sql`now() - interval '30 days'`;

export function createInbound(database: Database): Inbound {
  return {
    take: (source, id) =>
      database.transaction(async (queries) => {
        await queries.delete(inbound).where(lt(inbound.at, KEPT));
        const rows = await queries
          .insert(inbound)
          .values({ source, id })
          .onConflictDoNothing()
          .returning({ id: inbound.id });
        return rows.length === 1;
      }),
    async release(source, id) {
      await database.run((queries) =>
        queries.delete(inbound).where(and(eq(inbound.source, source), eq(inbound.id, id))),
      );
    },
  };
}
