import type { DIGESTS } from '../plans/journal.ts';
import type { DigestConfig } from './digest-config.ts';

/** A digest that is to be sent now. `since` in milliseconds since 1970: what ended from then on is told. */
export interface DueDigest {
  /** The same for every sender, and for one day. */
  key: string;
  kind: (typeof DIGESTS)[number];
  /** The day where it is read, `2026-01-31`. */
  day: string;
  since: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** One that could not be sent for so long, in minutes, is left out: the next one comes soon. */
const LATEST = 240;

/** The digest of the day that `now` (milliseconds since 1970) is in; null: none is due. On its day the weekly one is the day's. */
export function dueDigest({ at, timezone, daily, weekly }: DigestConfig, now: number): DueDigest | null {
  const { day, weekday, minute } = localTime(now, timezone);
  const late = minute - minuteOf(at);
  if (late < 0 || late > LATEST) return null;
  const kind = weekday === weekly ? 'weekly-digest' : 'daily-digest';
  if (kind === 'daily-digest' && !daily) return null;
  // From when the one before was due, so that nothing falls between two.
  const since = now - late * MINUTE - (kind === 'weekly-digest' ? 7 : 1) * DAY;
  return { key: `${kind} ${day}`, kind, day, since };
}

function localTime(now: number, timeZone: string): { day: string; weekday: string; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
  });
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  return {
    day: `${part('year')}-${part('month')}-${part('day')}`,
    weekday: part('weekday').toLowerCase(),
    minute: minuteOf(`${part('hour')}:${part('minute')}`),
  };
}

function minuteOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}
