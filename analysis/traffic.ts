import type { HourlyRequests } from '../plans/preflight.ts';

/** Requests (observations) of a metric in an hour, both cohorts together. */
export interface Traffic {
  perHour: number;
  /** The hour of the day (UTC, its beginning) that has fewest, over the days; null: less than a day is known. */
  quietest: { perHour: number; hour: number } | null;
  /** Hours that were read; 0: the polls of the history alone. */
  hours: number;
}

const HOUR = 3600;
/** Hours of the day that must have been seen before one of them is called the quietest. */
const FEWEST_HOURS = 22;

/** The daily pattern of whole hours; where there are none, `recent` requests an hour stand for all. */
export function trafficOf(read: HourlyRequests['hours'], recent: number): Traffic {
  // The first hour that has any may have begun in its middle.
  const first = read.findIndex(({ requests }) => requests > 0);
  const hours = first < 0 ? [] : read.slice(first + 1);
  if (hours.length === 0) return { perHour: recent, quietest: null, hours: 0 };
  const perHour = mean(hours.map(({ requests }) => requests));
  const byHour = new Map<number, number[]>();
  for (const { at, requests } of hours) {
    const hour = Math.floor(at / HOUR - 1) % 24;
    byHour.set(hour, [...(byHour.get(hour) ?? []), requests]);
  }
  const day = [...byHour].map(([hour, all]) => ({ hour, perHour: mean(all) }));
  const [quietest] = day.toSorted((a, b) => a.perHour - b.perHour || a.hour - b.hour);
  return {
    perHour,
    quietest: byHour.size < FEWEST_HOURS || quietest === undefined ? null : quietest,
    hours: hours.length,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
