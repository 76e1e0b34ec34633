import type { Logger } from 'pino';
import { tellIncidents } from '../notify/incident-sender.ts';
import { startLooking } from '../notify/look.ts';
import { incidentTexts } from '../server/incidents.ts';
import { createReports } from '../server/reports.ts';
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

const LOOK_EVERY_MS = 5_000;

/** Tells what no step of a rollout tells: what follows an incident. Until `stop`. */
export function startCommunication({ database, store, outbox, kick, log }: CommunicationParts) {
  const now = () => Date.now();
  const incidents = createIncidents(database);
  const reports = createReports({ rollouts: store, now });
  const texts = async (rolloutId: string) => {
    const row = await store.get(rolloutId);
    const made = row === null ? null : await incidentTexts({ rollouts: store, outbox, reports, now }, row);
    return made ?? { summary: [], review: [] };
  };
  return startLooking(() => tellIncidents({ incidents, texts, kick, log, now }), {
    everyMs: LOOK_EVERY_MS,
    what: 'what follows an incident could not be told',
    log,
  });
}
