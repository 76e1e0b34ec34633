import type { Preview } from '../notify/channel.ts';
import { createChannels } from '../notify/channels.ts';
import { exampleOf } from '../notify/example.ts';
import { Failure } from '../plans/failures.ts';
import { incidentOf } from '../plans/incident.ts';
import {
  DIGESTS,
  EVENTS,
  INCIDENT,
  INCIDENT_MESSAGES,
  type JournalEntry,
  type Notification,
  UPCOMING,
} from '../plans/journal.ts';
import { nearest } from '../plans/nearest.ts';
import { incidentMessage, notificationOf } from '../plans/notification.ts';
import type { RolloutView } from '../plans/view.ts';
import type { Config } from './config.ts';

/** These stand for no line of a journal. */
const MADE_WHEN_DUE = [...INCIDENT_MESSAGES, UPCOMING];

interface PreviewOf {
  channel: string;
  event: string;
  /** A real rollout with its journal; without it, an example. */
  rollout?: { view: RolloutView; entries: readonly JournalEntry[] } | undefined;
}

/**
 * The message as the channel would send it; nothing is sent. Of a real rollout it is the latest entry of the event, with
 * what its reader could do now. @throws Failure USAGE for an unknown channel or event, and for one that did not happen
 */
export function previewNotification(config: Config, { channel: name, event, rollout }: PreviewOf): Preview {
  const problems: string[] = [];
  const log = {
    info: () => undefined,
    warn: (fields: object, text: string) =>
      void problems.push(`${text}${'reason' in fields ? `: ${String(fields.reason)}` : ''}`),
    error: () => undefined,
  };
  const channel = createChannels(config.channels, { stream: process.stdout, log }).get(name);
  if (channel === undefined) {
    const names = Object.keys(config.channels).join(', ') || 'none';
    throw new Failure('USAGE', `tidegate.yaml has no channel "${name}"; it has ${names}.`);
  }
  const known = eventOf(event);
  if (rollout !== undefined && MADE_WHEN_DUE.some((one) => one === known))
    throw new Failure(
      'USAGE',
      `${event} is made when it is due, of what is known then: leave out --rollout.`,
    );
  const opens = (one: JournalEntry) => rollout !== undefined && incidentOf(one, rollout.view) !== null;
  const entry = rollout?.entries.findLast((one) =>
    known === INCIDENT ? opens(one) : one.transition === known,
  );
  if (rollout !== undefined && entry === undefined) {
    const had = [...new Set(rollout.entries.map((one) => one.transition))].join(', ');
    throw new Failure('USAGE', `${rollout.view.id} has no ${event} in its journal; it has ${had}.`);
  }
  const notification =
    rollout === undefined || entry === undefined
      ? exampleOf(known, name)
      : messageOf(known, entry, { view: rollout.view, channel: name });
  const preview = channel.preview(notification);
  if (problems.length > 0)
    throw new Failure('CONFIG_INVALID', `The template of ${name} fails.`, { details: problems });
  return preview;
}

function messageOf(
  event: Notification['event'],
  entry: JournalEntry,
  { view, channel }: { view: RolloutView; channel: string },
) {
  const to = { about: aboutOf(view), channel };
  const incident = event === INCIDENT ? incidentMessage(entry, view, to) : null;
  return incident ?? notificationOf(entry, view, to);
}

function aboutOf({ name, title, environment, flag, owner }: RolloutView) {
  // The view does not have it.
  return { name, title, environment, flag, owner, ticket: null };
}

function eventOf(event: string): Notification['event'] {
  const events = [...EVENTS, ...DIGESTS];
  const found = events.find((one) => one === event);
  if (found !== undefined) return found;
  const like = nearest(event, events);
  const meant = like === null ? `one of ${events.join(', ')}` : `did you mean ${like}?`;
  throw new Failure('USAGE', `There is no event "${event}"; ${meant}`);
}
