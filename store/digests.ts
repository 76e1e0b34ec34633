import { eq, sql } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { digests } from './schema.ts';

/** Digests that are due, shared by several senders. Errors: `POSTGRES_UNREACHABLE`. */
export interface Digests {
  /**
   * Takes one for this sender and hides it from others for `leaseMs`; the answer counts how often it was taken, this time
   * included. Null: it was sent, or another sender has it.
   */
  take(key: string, leaseMs: number): Promise<number | null>;
  sent(key: string): Promise<void>;
}

export function createDigests(database: Database): Digests {
  return {
    async take(key, leaseMs) {
      const leasedUntil = sql`now() + ${leaseMs} * interval '1 millisecond'`;
      const [row] = await database.run((queries) =>
        queries
          .insert(digests)
          .values({ key, leasedUntil })
          .onConflictDoUpdate({
            target: digests.key,
            set: { leasedUntil, taken: sql`${digests.taken} + 1` },
            setWhere: sql`${digests.sentAt} is null and ${digests.leasedUntil} < now()`,
          })
          .returning({ taken: digests.taken }),
      );
      return row?.taken ?? null;
    },

    async sent(key) {
      await database.run((queries) =>
        queries.update(digests).set({ sentAt: sql`now()` }).where(eq(digests.key, key)),
      );
    },
  };
}
