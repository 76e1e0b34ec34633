/** The zone that the reader's machine is set to. */
export const READERS_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();

function parts(timezone: string, at: number): Record<string, string> {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hourCycle: 'h23',
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timezone, format);
  }
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** `09:00` by the wall clock of a zone. */
export function hourAt(timezone: string, at: number): string {
  const { hour = '', minute = '' } = parts(timezone, at);
  return `${hour}:${minute}`;
}

/** `Mon 23 Nov 09:00`. */
export function momentAt(timezone: string, at: number): string {
  const { weekday = '', day = '', month = '' } = parts(timezone, at);
  return `${weekday} ${day} ${month} ${hourAt(timezone, at)}`;
}

/** `23 Nov` of a date such as `2026-11-23`. */
export function dayText(date: string): string {
  const { day = '', month = '' } = parts('UTC', Date.parse(date));
  return `${day} ${month}`;
}

/** A time by both clocks; the reader's only where it differs: `Mon 23 Nov 09:00 (Europe/Berlin), 03:00 yours`. */
export function bothClocks(timezone: string, at: number): string {
  const theirs = momentAt(timezone, at);
  const mine = momentAt(READERS_ZONE, at);
  if (theirs === mine) return `${theirs} (${timezone}, as yours)`;
  const sameDay = theirs.slice(0, -5) === mine.slice(0, -5);
  return `${theirs} (${timezone}), ${sameDay ? hourAt(READERS_ZONE, at) : mine} your time`;
}
