import type { Plan } from './plan.ts';

/** When upward moves may happen; times and dates are those of `timezone`. */
export type Windows = NonNullable<Plan['windows']>;

const MINUTE = 60_000;
const DAY = 86_400_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Minutes of the day in which a range is open, on the days it starts on (0 = Sunday). `to` at or before `from`: the next day. */
export interface WeeklyRange {
  days: ReadonlySet<number>;
  from: number;
  to: number;
}

const RANGE = /^(?:([a-z]{3}(?:\s*[-,]\s*[a-z]{3})*)\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/i;

/** Reads `Mon-Thu 09:00-16:00`, `Mon,Wed,Fri 09:00-12:00`, `Fri 22:00-02:00` or `09:00-16:00`; a text says what is wrong. */
export function parseRange(text: string): WeeklyRange | string {
  const match = RANGE.exec(text.trim());
  if (match === null) return 'it is not days and a span of hours';
  const from = minuteOf(match[2], match[3]);
  const to = minuteOf(match[4], match[5]);
  if (from === null || from === 1440) return `${match[2]}:${match[3]} is no time of day`;
  if (to === null) return `${match[4]}:${match[5]} is no time of day`;
  if (from === to) return 'it begins and ends at the same minute';
  const days = new Set<number>();
  for (const part of (match[1] ?? 'sun-sat').toLowerCase().split(',')) {
    const [first = '', last = first, ...more] = part.split('-').map((day) => day.trim());
    const unknown = [first, last].find((day) => !DAYS.includes(day));
    if (unknown !== undefined) return `"${unknown}" is no day of the week`;
    if (more.length > 0) return `"${part.trim()}" has more than two ends`;
    const length = (DAYS.indexOf(last) - DAYS.indexOf(first) + 7) % 7;
    for (let step = 0; step <= length; step += 1) days.add((DAYS.indexOf(first) + step) % 7);
  }
  return { days, from, to };
}

function minuteOf(hours: string | undefined, minutes: string | undefined): number | null {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= 1440 ? minute : null;
}

/** Whether the time zone is one that this machine knows. */
export function timezoneKnown(timezone: string): boolean {
  try {
    clockOf(timezone);
    return true;
  } catch {
    return false;
  }
}

/**
 * When upward moves may happen next: null if now, else milliseconds since 1970. A day in a freeze is closed as a
 * whole, its last one included; without `allow` every other time is open. Pure: `atMs` is the only clock.
 */
export function nextOpening(windows: Windows | undefined, atMs: number): number | null {
  if (windows === undefined) return null;
  const ranges = windows.allow.map(parseRange).filter((range) => typeof range !== 'string');
  const closed = closedDays(windows);
  let at = atMs;
  // Each round passes a freeze, an offset change or a range that does not exist on that day: it ends.
  for (let round = 0; round < 10_000; round += 1) {
    const wall = wallTime(windows.timezone, at);
    const next = closedUntil(closed, ranges, wall);
    if (next === null) return at === atMs ? null : at;
    at = instantAfter(windows.timezone, at, next - wall);
  }
  return at;
}

/** What keeps upward moves from happening at an instant that is not open, for people. */
export function closedText(windows: Windows | undefined, atMs: number): string {
  const closed = windows && closing(closedDays(windows), dateOf(windows.timezone, atMs));
  if (closed === undefined) return 'outside the windows of the plan';
  const { from, to } = closed;
  const what = windows?.freezes.includes(closed) === true ? 'in the freeze' : 'on the holiday';
  return `${what} ${from === to ? from : `${from} to ${to}`}`;
}

function closing(closed: Windows['freezes'], date: string): Windows['freezes'][number] | undefined {
  return closed.find(({ from, to }) => from <= date && date <= to);
}

/** Freezes, and holidays as freezes of one day. A name that nobody has put days in place of closes none. */
function closedDays({ freezes, holidays }: Windows): Windows['freezes'] {
  if (holidays === undefined || typeof holidays === 'string') return freezes;
  return [...freezes, ...holidays.map((day) => ({ from: day, to: day }))];
}

/**
 * When a stage may open that is to bake for `bake` seconds outside every freeze; null if now, else ms since 1970. Holidays and
 * hours close the opening alone.
 */
export function stageOpening(
  windows: Windows | undefined,
  { at, bake }: { at: number; bake: number },
): number | null {
  if (windows === undefined) return null;
  let from = nextOpening(windows, at) ?? at;
  if (windows.bakeOutsideFreezes === true) {
    // In order, each is passed once: it ends.
    const freezes = windows.freezes.toSorted((a, b) => a.from.localeCompare(b.from));
    for (const freeze of freezes) {
      const begins = instantOfWall(windows.timezone, from, Date.parse(freeze.from));
      const ends = instantOfWall(windows.timezone, from, Date.parse(freeze.to) + DAY);
      if (ends > from && begins < from + bake * 1000) from = nextOpening(windows, ends) ?? ends;
    }
  }
  return from === at ? null : from;
}

/** The first instant, not before `at`, at which the wall clock shows a time; `at` where it has shown it. */
function instantOfWall(timezone: string, at: number, wanted: number): number {
  let instant = at;
  for (let round = 0; round < 1_000; round += 1) {
    const wall = wallTime(timezone, instant);
    if (wall >= wanted) break;
    instant = instantAfter(timezone, instant, wanted - wall);
  }
  return instant;
}

/** A time in which upward moves may happen, in ms since 1970; `to` is the first moment after it. */
export interface OpenSpan {
  from: number;
  to: number;
}

/** When upward moves may happen within a time, in order. What is open at its ends is cut there. */
export function openSpans(windows: Windows | undefined, within: OpenSpan): OpenSpan[] {
  const spans: OpenSpan[] = [];
  let at = within.from;
  while (at < within.to) {
    const from = nextOpening(windows, at) ?? at;
    if (from >= within.to) break;
    const to = Math.min(windows === undefined ? within.to : nextClosing(windows, from, within.to), within.to);
    spans.push({ from, to });
    at = to;
  }
  return spans;
}

/** One day of a time zone, from its first moment to that of the next; 23 to 25 hours. */
export interface ZoneDay extends OpenSpan {
  /** `2026-12-24` */
  date: string;
}

/** The days of a time zone that touch a time, whole ones, in order. */
export function daysOf(timezone: string, within: OpenSpan): ZoneDay[] {
  const days: ZoneDay[] = [];
  // A day cannot begin earlier than that, and what is before the time asked for is left out.
  let at = nextDay(timezone, within.from - 2 * DAY);
  while (at < within.to) {
    const to = nextDay(timezone, at);
    if (to > within.from) days.push({ date: dateOf(timezone, at), from: at, to });
    at = to;
  }
  return days;
}

/** The day of a time zone at an instant, `2026-12-24`. */
export function dateOf(timezone: string, at: number): string {
  return new Date(wallTime(timezone, at)).toISOString().slice(0, 10);
}

/** The first moment of the day after; where the clock jumps over midnight, the first that there is. */
function nextDay(timezone: string, from: number): number {
  const today = Math.floor(wallTime(timezone, from) / DAY);
  let at = from;
  for (;;) {
    const wall = wallTime(timezone, at);
    // An hour that comes twice may lead back over midnight: that day goes on.
    if (Math.floor(wall / DAY) > today) return at;
    at = instantAfter(timezone, at, (today + 1) * DAY - wall);
  }
}

/** The first moment after `from`, which is open, that is closed; `last` when there is none before it. */
function nextClosing(windows: Windows, from: number, last: number): number {
  const ranges = windows.allow.map(parseRange).filter((range) => typeof range !== 'string');
  let at = from;
  while (at < last) {
    const wall = wallTime(windows.timezone, at);
    const day = Math.floor(wall / DAY) * DAY;
    const ends = ranges.flatMap(({ to }) => [0, 1].map((ahead) => day + ahead * DAY + to * MINUTE));
    const freezes = closedDays(windows).map((freeze) => Date.parse(freeze.from));
    const [next = null] = [...ends, ...freezes].filter((end) => end > wall).toSorted((a, b) => a - b);
    if (next === null) return last;
    at = instantAfter(windows.timezone, at, next - wall);
    if (nextOpening(windows, at) !== null) return at;
  }
  return last;
}

/** Null when the wall time is open, else the next wall time at which that can change. */
function closedUntil(
  freezes: Windows['freezes'],
  ranges: readonly WeeklyRange[],
  wall: number,
): number | null {
  const day = Math.floor(wall / DAY) * DAY;
  const date = new Date(day).toISOString().slice(0, 10);
  const freeze = closing(freezes, date);
  if (freeze !== undefined) return Date.parse(freeze.to) + DAY;
  if (ranges.length === 0 || ranges.some((range) => inRange(range, day, wall - day))) return null;
  const starts = ranges.flatMap((range) =>
    [0, 1, 2, 3, 4, 5, 6, 7]
      .map((ahead) => day + ahead * DAY)
      .filter((start) => range.days.has(weekday(start)))
      .map((start) => start + range.from * MINUTE),
  );
  return Math.min(...starts.filter((start) => start > wall));
}

function inRange({ days, from, to }: WeeklyRange, day: number, sinceMidnight: number): boolean {
  const minute = sinceMidnight / MINUTE;
  if (from < to) return days.has(weekday(day)) && from <= minute && minute < to;
  return (days.has(weekday(day)) && from <= minute) || (days.has(weekday(day - DAY)) && minute < to);
}

function weekday(day: number): number {
  return new Date(day).getUTCDay();
}

/**
 * The instant `ahead` ms of wall time later; or the first change of the zone's offset before it, since there
 * the wall jumps: an opening inside the jump begins with it, and an hour that comes twice opens twice.
 */
function instantAfter(timezone: string, at: number, ahead: number): number {
  const offset = wallTime(timezone, at) - at;
  const changed = (instant: number) => wallTime(timezone, instant) - instant !== offset;
  if (!changed(at + ahead)) return at + ahead;
  let [before, after] = [at, at + ahead];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (changed(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** The hour of the day in a zone, `14:00`, of milliseconds since 1970. */
export function hourOf(timezone: string, instant: number): string {
  const hour = new Date(wallTime(timezone, instant)).getUTCHours();
  return `${String(hour).padStart(2, '0')}:00`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(timezone, clock);
  return clock;
}

/** What the wall clock of the zone shows at an instant, as the milliseconds at which it would be that time in UTC. */
function wallTime(timezone: string, instant: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of clockOf(timezone).formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((instant % 1000) + 1000) % 1000);
}
