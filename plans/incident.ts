import type { Incident, JournalEntry } from './journal.ts';
import type { RolloutView } from './view.ts';
import { audience, cause } from './words.ts';

/**
 * What opens an incident: the line with which a stop begins that takes the canary from somebody. Null: any other line, an end
 * that a person chose, or nobody had the canary yet. `view` is the rollout right after the line.
 */
export function incidentOf(entry: JournalEntry, view: RolloutView): Incident | null {
  const { stop } = view;
  if (stop === null || stop.end !== undefined || view.stage === null || view.watching !== undefined)
    return null;
  // A kill that comes while the flag goes back already is no second incident.
  if (entry.transition !== stop.transition || entry.at !== stop.at) return null;
  const path = `/rollouts/${encodeURIComponent(view.id)}`;
  const counted = entry.evidence?.metrics.map(({ canaryRequests }) => canaryRequests) ?? [];
  return {
    cause: stop.cause,
    automatic: stop.cause.kind !== 'person',
    text: `${stop.transition.replaceAll('-', ' ')} by ${cause(stop.cause)}`,
    affected: {
      audience: audience(entry.exposure),
      requests: counted.length === 0 ? null : Math.round(Math.max(...counted)),
    },
    links: {
      rollout: path,
      report: `/api/v1${path}/report?format=html`,
      journal: `/api/v1${path}/journal`,
    },
  };
}
