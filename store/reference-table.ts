import { sql } from 'drizzle-orm';
import { integer, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import { moment, words } from './columns.ts';

/** How often each repository named a flag when it was last searched. Code knows no environments. */
export const flagReferences = pgTable(
  'flag_references',
  {
    key: words().notNull(),
    repository: words().notNull(),
    count: integer().notNull(),
    commit: words(),
    by: words().notNull(),
    at: moment().notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.key, table.repository] })],
);
