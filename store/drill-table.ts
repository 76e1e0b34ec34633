import { boolean, index, integer, pgTable } from 'drizzle-orm/pg-core';
import type { DrillRun } from '../plans/drill.ts';
import { json, moment, words } from './columns.ts';

/** Rehearsed rollbacks. They outlive their rollouts. */
export const drills = pgTable(
  'drills',
  {
    id: words().primaryKey(),
    rolloutId: words('rollout_id').notNull(),
    environment: words().notNull(),
    flag: words().notNull(),
    startedAt: moment('started_at').notNull(),
    /** Null: it runs, or is being verified. */
    passed: boolean(),
    run: json().$type<DrillRun>().notNull(),
    /** The journal line as of which `run` is. */
    seq: integer().notNull(),
  },
  (table) => [
    index('drills_by_time').on(table.startedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('drills_by_flag').on(
      table.environment,
      table.flag,
      table.startedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
  ],
);
