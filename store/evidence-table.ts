import { sql } from 'drizzle-orm';
import { boolean, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import type { EvidenceKind } from '../plans/before.ts';
import { moment, words } from './columns.ts';

/** What was told last of a rollout, by kind: tests, sign-offs and the like. */
export const rolloutEvidence = pgTable(
  'rollout_evidence',
  {
    rolloutId: words('rollout_id').notNull(),
    kind: words().$type<EvidenceKind>().notNull(),
    ok: boolean().notNull(),
    by: words().notNull(),
    url: words(),
    at: moment().notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.rolloutId, table.kind] })],
);
