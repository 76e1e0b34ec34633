import { drillBehind } from './drill.ts';
import { type IncidentFacts, incidentState, standingLines, standingSentence } from './incident-standing.ts';
import { INCIDENT, INCIDENT_MESSAGES, type JournalEntry, type Notification } from './journal.ts';
import { aboutOf, DRILL, isReal, titleOf } from './notification.ts';
import type { Plan } from './plan.ts';
import { SUMMARY_WITHIN, UPDATE_EVERY } from './subscription.ts';
import { duration } from './words.ts';

/** What each channel was told of an incident. `turn`: how many times the time between two updates had passed. */
export interface IncidentTold {
  updates: Record<string, { turn: number; count: number }>;
  /** Channels that have the summary. */
  summaries: string[];
}

export interface IncidentNow extends IncidentFacts {
  openedAt: number;
  told: IncidentTold;
  /** Null: it is open. */
  closedAt: number | null;
}

/** What takes a replay of the rollout to know; null: it was not made. */
export interface IncidentTexts {
  summary: string[];
  /** Markdown. */
  review: string[];
}

/** What is to be written now, all or nothing. */
export interface IncidentTurn {
  told: IncidentTold;
  notifications: Notification[];
  /** The line that closes it; null: it stays as it is. */
  close: { cause: JournalEntry['cause']; summary: string } | null;
  /** Nothing is left to be told. */
  done: boolean;
}

export const NOTHING_TOLD: IncidentTold = { updates: {}, summaries: [] };

/** Whether somebody is to be kept informed of incidents of this plan. */
export function hasCadence({ notify }: Pick<Plan, 'notify'>): boolean {
  const events: readonly string[] = [INCIDENT, ...INCIDENT_MESSAGES, 'incident-closed'];
  return notify.some((one) => one.events.some((event) => events.includes(event)));
}

interface Times {
  every: number;
  within: number;
}

/** The channels of an event, each with the shortest time that the plan gives. */
function channelsOf({ notify }: Plan, event: (typeof INCIDENT_MESSAGES)[number]): Map<string, Times> {
  const found = new Map<string, Times>();
  for (const { channel, events, every = UPDATE_EVERY, within = SUMMARY_WITHIN } of notify) {
    if (!events.includes(event)) continue;
    const known = found.get(channel) ?? { every, within };
    found.set(channel, { every: Math.min(every, known.every), within: Math.min(within, known.within) });
  }
  return found;
}

/** Whether a summary or the review is due, which need the texts of a replay. */
export function needsTexts(incident: IncidentNow, now: number): boolean {
  const reviewed = incident.closedAt !== null && channelsOf(incident.plan, 'incident-review').size > 0;
  return reviewed || summaryChannels(incident, now).length > 0;
}

function summaryChannels({ plan, openedAt, closedAt, told }: IncidentNow, now: number): string[] {
  const due = ([, { within }]: [string, Times]) => closedAt !== null || now >= openedAt + within * 1000;
  return [...channelsOf(plan, 'incident-summary')]
    .filter(due)
    .map(([channel]) => channel)
    .filter((channel) => !told.summaries.includes(channel));
}

/**
 * What follows an incident: an update whenever its time has come, once for each however long nobody looked; a summary after an
 * hour or when it is over; and, once it is over, the draft of a review. What needs `texts` waits for them.
 */
export function incidentTurn(
  incident: IncidentNow,
  { now, texts }: { now: number; texts: IncidentTexts | null },
): IncidentTurn {
  const { closedAt, openedAt } = incident;
  const told: IncidentTold = {
    updates: { ...incident.told.updates },
    summaries: [...incident.told.summaries],
  };
  const notifications: Notification[] = [];
  if (closedAt === null && incidentState(incident) === 'over') {
    const lasted = duration((now - openedAt) / 1000);
    const summary = `The incident is over after ${lasted}: the rollback holds, and nothing keeps the flag down.`;
    return { told, notifications, close: { cause: OVER, summary }, done: false };
  }
  const summaries = texts === null ? [] : summaryChannels(incident, now);
  for (const channel of summaries) {
    told.summaries.push(channel);
    notifications.push(message(incident, { event: 'incident-summary', channel, now, texts }));
  }
  if (closedAt !== null) {
    if (texts === null && needsTexts(incident, now)) return { told, notifications, close: null, done: false };
    for (const channel of channelsOf(incident.plan, 'incident-review').keys())
      notifications.push(message(incident, { event: 'incident-review', channel, now, texts }));
    return { told, notifications, close: null, done: true };
  }
  for (const [channel, { every }] of channelsOf(incident.plan, 'incident-update')) {
    const turn = Math.floor((now - openedAt) / 1000 / every);
    const before = told.updates[channel] ?? { turn: 0, count: 0 };
    if (turn <= before.turn) continue;
    told.updates[channel] = { turn, count: before.count + 1 };
    const next = openedAt + (turn + 1) * every * 1000;
    notifications.push(message(incident, { event: 'incident-update', channel, now, next }));
  }
  return { told, notifications, close: null, done: false };
}

const OVER: JournalEntry['cause'] = {
  kind: 'policy',
  reason: 'the rollback is verified and no lock is left',
};

interface Said {
  event: (typeof INCIDENT_MESSAGES)[number];
  channel: string;
  now: number;
  next?: number;
  texts?: IncidentTexts | null;
}

const WORDS: Record<Said['event'], string> = {
  'incident-update': 'Incident goes on',
  'incident-summary': 'Incident in short',
  'incident-review': 'Draft of the review',
};

/** One of the messages that follow an incident. Its numbers are given where it is written. */
export function message(incident: IncidentNow, { event, channel, now, next, texts }: Said): Notification {
  const { view, plan, lines, openedAt: since } = incident;
  const [opened] = lines;
  const at = { since, now };
  const about = aboutOf(plan);
  const title =
    opened === undefined
      ? `${about.title ?? about.name} in ${view.environment}`
      : titleOf(opened, view, about.title ?? about.name);
  const facts = standingLines(incident, at);
  const drill = drillBehind(view) !== null && !lines.some(isReal);
  const review = event === 'incident-review' ? texts?.review : undefined;
  return {
    rolloutId: view.id,
    seq: view.seq,
    at: now,
    event,
    channel,
    title: `${drill ? DRILL : ''}${WORDS[event]}: ${title}`,
    summary: standingSentence(incident, at),
    rollout: {
      ...about,
      stage: view.stage,
      percent: incident.flag?.exposure.percent ?? view.exposure.percent,
    },
    evidence: null,
    ...(drill ? { drill: true } : {}),
    standing: {
      state: incidentState(incident),
      since,
      lines: event === 'incident-summary' ? [...facts, ...(texts?.summary ?? [])] : facts,
      next: next ?? null,
    },
    ...(review === undefined ? {} : { review }),
    actions: actionsOf(incident, event),
  };
}

function actionsOf({ view, flag, closedAt }: IncidentNow, event: Said['event']): Notification['actions'] {
  const { id } = view;
  const look = { label: 'Look', command: `tidegate incident show ${id}` };
  const review = { label: 'Draft of the review', command: `tidegate incident review ${id}` };
  if (event === 'incident-review') return [review];
  if (closedAt !== null) return [look, review];
  const unlock = `tidegate unlock ${view.flag} --environment ${view.environment} --reason "..."`;
  const close = `tidegate incident close ${id} --reason "..."`;
  return [
    look,
    ...(flag?.latch == null ? [] : [{ label: 'Let rollouts raise the flag again', command: unlock }]),
    ...(view.phase === 'reverting' ? [] : [{ label: 'Close the incident', command: close }]),
  ];
}
