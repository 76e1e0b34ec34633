import { inTurn } from '../plans/in-turn.ts';
import { type IncidentNow, type IncidentTexts, incidentTurn, needsTexts } from '../plans/incident-cadence.ts';
import type { Incidents } from '../store/incidents.ts';
import type { Log } from './log.ts';

export interface IncidentParts {
  incidents: Incidents;
  /** What a replay of the rollout says of it. */
  texts(rolloutId: string, incident: IncidentNow): Promise<IncidentTexts>;
  /** There is something new in the outbox. */
  kick(): void;
  log: Log;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * One look at the incidents that are not over: what is due goes into the outbox, in one transaction with the note that it was
 * told. Several senders may look at once, and whoever dies leaves it to the next look.
 */
export async function tellIncidents(parts: IncidentParts): Promise<void> {
  const { incidents, log, now } = parts;
  await inTurn(await incidents.unfinished(), async (id) => {
    const seen = await incidents.of(id);
    if (seen === null) return;
    const texts = needsTexts(seen, now()) ? await textsOf(parts, id, seen) : null;
    const at = now();
    const turn = await incidents.attend(id, at, (incident) => incidentTurn(incident, { now: at, texts }));
    if (turn === null) return;
    if (turn.close !== null) log.info({ rolloutId: id }, 'an incident is over');
    if (turn.close !== null || turn.notifications.length > 0) parts.kick();
  });
}

/** A summary that comes without its numbers is better than none. */
async function textsOf({ texts, log }: IncidentParts, id: string, seen: IncidentNow): Promise<IncidentTexts> {
  try {
    return await texts(id, seen);
  } catch (error) {
    log.warn({ rolloutId: id, err: error }, 'the texts about an incident could not be made');
    const review = `The draft could not be made; try: tidegate incident review ${id}`;
    return { summary: [], review: [review] };
  }
}
