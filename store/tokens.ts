import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { Database, Queries } from './connection.ts';
import { flagTokens } from './token-table.ts';

/** Tells every service that the tokens have changed; the payload says nothing. */
export const TOKENS_CHANNEL = 'tidegate_flag_tokens';

/** A token as it is kept: its hash, never itself. Times in milliseconds since 1970. */
export interface TokenRow {
  id: string;
  environment: string;
  name: string;
  hash: string;
  createdAt: number;
  createdBy: string;
  /** Null: never. */
  expiresAt: number | null;
  revokedAt: number | null;
  revokedBy: string | null;
}

export type NewToken = Pick<TokenRow, 'id' | 'environment' | 'name' | 'hash' | 'createdBy' | 'expiresAt'>;

/** Tokens of applications in PostgreSQL. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface TokenStore {
  create(token: NewToken): Promise<TokenRow>;
  /** All of them, also those that are over, in the order in which they were made. */
  list(): Promise<TokenRow[]>;
  /** From now on it opens nothing. Repeating it changes nothing. @throws Failure FLAG_TOKEN_UNKNOWN */
  revoke(id: string, by: string): Promise<TokenRow>;
}

export function createTokenStore(database: Database): TokenStore {
  return {
    create: (token) =>
      database.transaction(async (queries) => {
        const [row] = await queries.insert(flagTokens).values(token).returning();
        if (row === undefined) throw new Failure('INTERNAL', 'The token was not kept.');
        await tell(queries);
        return row;
      }),

    list: () =>
      database.run((queries) =>
        queries.select().from(flagTokens).orderBy(asc(flagTokens.createdAt), asc(flagTokens.id)),
      ),

    revoke: (id, by) =>
      database.transaction(async (queries) => {
        const [revoked] = await queries
          .update(flagTokens)
          .set({ revokedAt: sql`now()`, revokedBy: by })
          .where(and(eq(flagTokens.id, id), isNull(flagTokens.revokedAt)))
          .returning();
        if (revoked !== undefined) {
          await tell(queries);
          return revoked;
        }
        const [before] = await queries.select().from(flagTokens).where(eq(flagTokens.id, id));
        if (before === undefined) throw new Failure('FLAG_TOKEN_UNKNOWN', `There is no token ${id}.`);
        return before;
      }),
  };
}

async function tell(queries: Queries): Promise<void> {
  await queries.execute(sql`select pg_notify(${TOKENS_CHANNEL}, '')`);
}
