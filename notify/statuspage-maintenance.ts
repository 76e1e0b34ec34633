import type { Upcoming } from '../plans/journal.ts';

/** Shorter nobody sees it on a page. */
const SHORTEST_MS = 15 * 60_000;

/**
 * The times of a scheduled maintenance, which the page begins and ends by itself (developer.statuspage.io, Incidents). What will
 * not come is completed, since a maintenance cannot be taken back.
 */
export function maintenanceFields({ at, bake }: Upcoming): object {
  if (at === null) return { status: 'completed' };
  return {
    status: 'scheduled',
    scheduled_for: new Date(at).toISOString(),
    scheduled_until: new Date(at + Math.max(SHORTEST_MS, bake * 1000)).toISOString(),
    scheduled_auto_in_progress: true,
    scheduled_auto_completed: true,
  };
}
