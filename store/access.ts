import { desc, eq, lt, sql } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { AccessStore } from './access-contract.ts';
import type { Database } from './connection.ts';
import { apiTokens, sessions } from './schema.ts';

/** Tokens and logins in PostgreSQL. */
export function createAccessStore(database: Database): AccessStore {
  return {
    async createToken(token) {
      const [row] = await database.run((queries) => queries.insert(apiTokens).values(token).returning());
      if (row === undefined) throw new Error('a new token came back empty');
      return row;
    },

    tokens: () =>
      database.run((queries) => queries.select().from(apiTokens).orderBy(desc(apiTokens.createdAt))),

    async revokeToken(id, by) {
      const [row] = await database.run((queries) =>
        queries
          .update(apiTokens)
          .set({
            revokedAt: sql`coalesce(${apiTokens.revokedAt}, now())`,
            revokedBy: sql`case when ${apiTokens.revokedAt} is null then ${by} else ${apiTokens.revokedBy} end`,
          })
          .where(eq(apiTokens.id, id))
          .returning(),
      );
      if (row === undefined) throw new Failure('TOKEN_UNKNOWN', `There is no token ${id}.`);
      return row;
    },

    async saveSession(session) {
      await database.transaction(async (queries) => {
        await queries.delete(sessions).where(lt(sessions.expiresAt, sql`now()`));
        await queries.insert(sessions).values(session);
      });
    },

    async session(id) {
      const [row] = await database.run((queries) =>
        queries.select().from(sessions).where(eq(sessions.id, id)),
      );
      return row ?? null;
    },

    async endSession(id) {
      await database.run((queries) => queries.delete(sessions).where(eq(sessions.id, id)));
    },
  };
}
