import { sql } from 'drizzle-orm';
import { pgTable, uniqueIndex } from 'drizzle-orm/pg-core';
import { moment, words } from './columns.ts';

/** Tokens of applications that read flags. The token itself is nowhere: `hash` is its SHA-256. */
export const flagTokens = pgTable(
  'flag_tokens',
  {
    id: words().primaryKey(),
    environment: words().notNull(),
    name: words().notNull(),
    hash: words().notNull(),
    createdAt: moment('created_at').notNull().default(sql`now()`),
    createdBy: words('created_by').notNull(),
    expiresAt: moment('expires_at'),
    revokedAt: moment('revoked_at'),
    revokedBy: words('revoked_by'),
  },
  (table) => [uniqueIndex('flag_tokens_by_hash').on(table.hash)],
);
