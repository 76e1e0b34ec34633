import type { Announced, AnnouncementTurn } from '../plans/announcement.ts';
import { sameExposure } from '../plans/exposure.ts';
import { type Notification, UPCOMING } from '../plans/journal.ts';
import { aboutOf } from '../plans/notification.ts';
import type { Plan } from '../plans/plan.ts';
import { stageExposure } from '../plans/stages.ts';
import { ANNOUNCED_BEFORE } from '../plans/subscription.ts';
import { audience, moment } from '../plans/words.ts';
import { type Known, type NextOpening, nextOpening } from './forecast.ts';

/** What is to be said of a stage: `at` null: that nobody knows when it opens. */
interface Saying {
  stage: string;
  at: number | null;
  was: number | null;
  waitsFor: readonly string[];
}

/**
 * What people are to be told of the next stage before it opens: its time, once, as long before as the plan asks; and where it is put
 * off, or brought forward, by more than that, the new time, or that there is none. `announced` is what was said until now.
 */
export function announcementTurn(known: Known, announced: Announced | null): AnnouncementTurn {
  const { plan } = known;
  const next = upcomingStage(known);
  const name = next === null ? null : (plan.stages[next.index]?.name ?? null);
  // What was said of a stage that has opened has come true; of one that is not next any more it is taken back.
  const gone = announced !== null && announced.stage !== name && !hasOpened(known, announced.stage);
  const notifications: Notification[] = [];
  if (gone) {
    const stage = announced.stage;
    for (const [channel, was] of Object.entries(announced.told))
      if (was !== null) notifications.push(messageOf(known, channel, { stage, at: null, was, waitsFor: [] }));
  }
  if (next === null || name === null) return { announced: null, notifications };
  const before = announced?.stage === name ? announced.told : {};
  const told: Announced['told'] = { ...before };
  for (const [channel, lead] of leads(plan)) {
    const saying = sayingOf({ stage: name, next, known, lead, was: before[channel] });
    if (saying === null) continue;
    told[channel] = saying.at;
    notifications.push(messageOf(known, channel, saying));
  }
  return {
    announced: Object.keys(told).length === 0 && announced === null ? null : { stage: name, told },
    notifications,
  };
}

/** The next stage in which others get the canary. */
function upcomingStage(known: Known): NextOpening | null {
  const { plan } = known;
  const next = nextOpening(known);
  if (next === null) return null;
  const changes = !sameExposure(stageExposure(plan, next.index), stageExposure(plan, next.index - 1));
  return changes ? next : null;
}

function hasOpened({ view }: Known, name: string): boolean {
  return view.stages.some((stage) => stage.name === name && stage.state !== 'ahead');
}

/** Milliseconds before the stage at which each channel hears of it, the longest that the plan gives. */
function leads({ notify }: Plan): Map<string, number> {
  const found = new Map<string, number>();
  for (const { channel, events, before = ANNOUNCED_BEFORE } of notify)
    if (events.includes(UPCOMING)) found.set(channel, Math.max(found.get(channel) ?? 0, before * 1000));
  return found;
}

/** Null: nothing. */
function sayingOf({
  stage,
  next,
  known: { view, now },
  lead,
  was,
}: {
  stage: string;
  next: NextOpening;
  known: Known;
  lead: number;
  was: number | null | undefined;
}): Saying | null {
  const { waitsFor } = next;
  // What only waits for people has no time.
  const at = next.at !== null && next.at > now ? next.at : null;
  const due = at !== null && now >= at - lead;
  if (was == null) return due ? { stage, at, was: null, waitsFor } : null;
  if (at === null) {
    const over = view.pause === null ? was + lead : was;
    return now > over ? { stage, at, was, waitsFor } : null;
  }
  const putOff = at > was + lead;
  const broughtForward = at < was - lead && due;
  return putOff || broughtForward ? { stage, at, was, waitsFor } : null;
}

function messageOf(
  { plan, view, now }: Known,
  channel: string,
  { stage: name, at, was, waitsFor }: Saying,
): Notification {
  const about = aboutOf(plan);
  const index = plan.stages.findIndex((one) => one.name === name);
  const who = audience(stageExposure(plan, index));
  const said = was === null ? '' : ` It was to be ${moment(was)}.`;
  const after = waitsFor.length === 0 ? '' : ` Before: ${waitsFor.join('; ')}.`;
  const word = at === null ? 'Put off' : was === null ? 'Soon' : 'At another time';
  return {
    rolloutId: view.id,
    seq: Math.max(1, view.seq),
    at: now,
    event: UPCOMING,
    channel,
    title: `${word}: ${about.title ?? about.name} in ${view.environment}, stage ${name}`,
    summary:
      at === null
        ? `When stage ${name} opens is not known any more.${said}${after}`
        : `Stage ${name} opens ${moment(at)} at the earliest: ${who} will have the canary.${said}${after}`,
    rollout: { ...about, stage: view.stage, percent: view.exposure.percent },
    evidence: null,
    upcoming: { stage: name, audience: who, at, was, bake: plan.stages[index]?.bake ?? 0 },
    actions: [{ label: 'Look', command: `tidegate status ${view.id}` }],
  };
}
