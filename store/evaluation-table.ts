import { bigint, date, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import { words } from './columns.ts';

/**
 * What OFREP answered, by day of UTC. An empty key: answers with all flags of the environment. An empty environment: some server
 * counted on that day.
 */
export const flagEvaluations = pgTable(
  'flag_evaluations',
  {
    day: date().notNull(),
    environment: words().notNull(),
    key: words().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.environment, table.key] })],
);
