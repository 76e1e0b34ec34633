import type { RawSeries } from './prometheus-api.ts';

/** (from, to] in milliseconds since 1970. */
export interface Window {
  from: number;
  to: number;
}

/**
 * What a scraped process was doing around a window.
 * - `steady`: scraped near both ends; its counters can be compared.
 * - `left`: scraped near the beginning only. The counts up to its end are lost.
 * - `returned`: missing at the beginning, known before, back in the window. Its difference would span more.
 * - `new`: never seen before this window. What its counters held before is unknown.
 * - `gone`: nothing in the window nor just before it.
 */
export type TargetState = 'steady' | 'left' | 'returned' | 'new' | 'gone';

export interface Target {
  state: TargetState;
  /** Last scrape at or before each end of the window; null where none is known. */
  before: number | null;
  until: number | null;
  /** Typical time between two scrapes, milliseconds. */
  interval: number;
}

/**
 * A window must have a scrape near each of its ends. The plan does not name the scrape interval, but a poll step is
 * at least one, so a scrape older than a poll step is missing. The quarter on top is for scrapes that come late.
 */
const LATE = 1.25;

/** How much of the past is read before a window, in poll steps: enough to tell a target that returned from a new one. */
export const LOOKBACK_STEPS = 2;

/**
 * Judges a target by the scrape times of all its series in all queries of the plan: a scrape gives every series
 * of the target the same time, so a time that one series has and another lacks tells that the other was not exposed.
 */
export function observeTarget(series: readonly RawSeries[], window: Window): Target {
  const step = window.to - window.from;
  let before: number | null = null;
  let until: number | null = null;
  for (const { times } of series) {
    for (const time of times) {
      if (time <= window.from && (before === null || time > before)) before = time;
      if (time <= window.to && (until === null || time > until)) until = time;
    }
  }
  const interval = typicalInterval(series) ?? step;
  return { before, until, interval, state: stateOf(before, until, window) };
}

function stateOf(before: number | null, until: number | null, window: Window): TargetState {
  const oldest = LATE * (window.to - window.from);
  const scraped = until !== null && until > window.from;
  if (before === null) return scraped ? 'new' : 'gone';
  if (window.from - before > oldest) return scraped ? 'returned' : 'gone';
  return until !== null && window.to - until <= oldest ? 'steady' : 'left';
}

/** Median time between samples of the series that has most of them, in milliseconds; undefined below two samples. */
export function typicalInterval(series: readonly RawSeries[]): number | undefined {
  let longest: readonly number[] = [];
  for (const { times } of series) {
    if (times.length > longest.length) longest = times;
  }
  const gaps = longest.slice(1).map((time, index) => time - (longest[index] ?? time));
  gaps.sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)];
}
