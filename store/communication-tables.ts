import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable } from 'drizzle-orm/pg-core';
import type { Announced } from '../plans/announcement.ts';
import type { IncidentTold } from '../plans/incident-cadence.ts';
import { json, moment, words } from './columns.ts';

/** Incidents of rollouts that somebody is kept informed of.. */
export const incidents = pgTable(
  'incidents',
  {
    rolloutId: words('rollout_id').primaryKey(),
    /** The journal line that opened it. */
    seq: integer().notNull(),
    openedAt: moment('opened_at').notNull(),
    told: json().$type<IncidentTold>().notNull(),
    /** Null: it is open. */
    closedAt: moment('closed_at'),
    /** Whether all that follows its end was written. */
    done: boolean().notNull().default(false),
  },
  (table) => [index('incidents_to_tell').on(table.rolloutId).where(sql`not done`)],
);

/** What people were told of a rollout's next stage. */
export const announcements = pgTable('announcements', {
  rolloutId: words('rollout_id').primaryKey(),
  announced: json().$type<Announced>().notNull(),
});
