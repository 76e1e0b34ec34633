import type { Logger } from 'pino';
import { tellAnnouncements } from '../notify/announcement-sender.ts';
import { tellIncidents } from '../notify/incident-sender.ts';
import { startLooking } from '../notify/look.ts';
import type { Announced } from '../plans/announcement.ts';
import type { Notification } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import { toldTenants } from '../plans/told-tenants.ts';
import { announcementTurn } from '../rollout/announcing.ts';
import { incidentTexts } from '../server/incidents.ts';
import { knownOf } from '../server/live.ts';
import { createReports } from '../server/reports.ts';
import { createAnnouncements } from '../store/announcements.ts';
import type { Database } from '../store/connection.ts';
import { createIncidents } from '../store/incidents.ts';
import type { Outbox, RolloutStore } from '../store/store.ts';

interface CommunicationParts {
  database: Database;
  store: RolloutStore;
  outbox: Outbox;
  /** There is something new in the outbox. */
  kick(): void;
  log: Logger;
}

const INCIDENTS_EVERY_MS = 5_000;
const STAGES_EVERY_MS = 15_000;

/** Tells what no step of a rollout tells: what follows an incident, and which stage is next. Until `stop`. */
export function startCommunication({ database, store, outbox, kick, log }: CommunicationParts) {
  const now = () => Date.now();
  const incidents = createIncidents(database);
  const announcements = createAnnouncements(database);
  const reports = createReports({ rollouts: store, now });
  const texts = async (rolloutId: string) => {
    const row = await store.get(rolloutId);
    const made = row === null ? null : await incidentTexts({ rollouts: store, outbox, reports, now }, row);
    return made ?? { summary: [], review: [] };
  };
  const loops = [
    startLooking(() => tellIncidents({ incidents, texts, kick, log, now }), {
      everyMs: INCIDENTS_EVERY_MS,
      what: 'what follows an incident could not be told',
      log,
    }),
    startLooking(() => tellAnnouncements({ announcements, read: announcing(store, now), kick, log }), {
      everyMs: STAGES_EVERY_MS,
      what: 'stages could not be announced',
      log,
    }),
  ];
  return {
    async stop(): Promise<void> {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** What is said of a rollout's next stage, by what is stored of it now. */
export function announcing(store: Pick<RolloutStore, 'get' | 'latestSample'>, now: () => number) {
  return async (rolloutId: string) => {
    const row = await store.get(rolloutId);
    if (row === null || row.view === null) return null;
    const known = await knownOf({ rollouts: store, now }, row);
    return (announced: Announced | null) => announcementTurn(known, announced);
  };
}

/** The tenants that a message concerns, by the plan of its rollout. */
export function tenantsFrom(store: Pick<RolloutStore, 'get'>) {
  return async (notification: Notification): Promise<string[] | null> => {
    const row = await store.get(notification.rolloutId);
    return row === null ? null : toldTenants(row.plan as Plan, notification);
  };
}
